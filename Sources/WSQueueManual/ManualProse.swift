internal import WSQueueArguments

/// The Markdown of the manual's pages as roff: headings, paragraphs, lists, tables, what is literal, and within a line code,
/// emphasis and links. What only a browser shows is left out.
struct ManualProse {
    /// What other pages are as manual pages.
    private let references: [String: String]
    private var lines: ArraySlice<Substring>
    private var page = ""

    /// Makes roff of Markdown.
    ///
    /// - Parameter references: The names of pages, and the manual pages that have their text.
    static func roff(_ text: String, references: [String: String]) -> String {
        var prose = ManualProse(text, references)
        while prose.takeBlock() {}
        return prose.page
    }

    /// The text below a heading of the second order, without it; `nil` where there is none.
    static func section(_ heading: String, of text: String) -> String? {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard let start = lines.firstIndex(of: "## \(heading)") else { return nil }
        return lines[(start + 1)...].prefix { !$0.hasPrefix("## ") }.joined(separator: "\n")
    }

    private init(_ text: String, _ references: [String: String]) {
        self.references = references
        lines = text.split(separator: "\n", omittingEmptySubsequences: false)[...]
    }

    private mutating func takeBlock() -> Bool {
        guard let line = lines.first else { return false }
        if line.hasPrefix("```") {
            lines.removeFirst()
            let literal = take { !$0.hasPrefix("```") }
            lines = lines.dropFirst()
            page += Roff.literal(literal.map(String.init))
        } else if line.hasPrefix("|") {
            addTable(take { $0.hasPrefix("|") })
        } else if line.hasPrefix("<picture") {
            _ = take { !$0.hasPrefix("</picture") }
            lines = lines.dropFirst()
        } else if let mark = Self.listMark(line) {
            lines.removeFirst()
            let rest = take { $0.hasPrefix("  ") }
            let item = [line.dropFirst(mark.count + 1)] + rest.map { $0.drop { $0 == " " } }
            let shown = mark == "-" ? "\\(bu 2" : "\(mark) 4"
            page += ".IP \(shown)\n\(inline(item.joined(separator: " ")))\n"
        } else if line.isEmpty || line.hasPrefix("<!--") || line.hasPrefix("# ") {
            lines.removeFirst()
        } else if line.hasPrefix("## ") {
            lines.removeFirst()
            page += ".SH \(Roff.escaped(line.dropFirst(3).uppercased()))\n"
        } else if line.hasPrefix("### ") {
            lines.removeFirst()
            page += ".SS \(inline(String(line.dropFirst(4))))\n"
        } else {
            page += ".PP\n\(inline(take { !Self.endsParagraph($0) }.joined(separator: " ")))\n"
        }
        return true
    }

    private mutating func take(_ isPart: (Substring) -> Bool) -> ArraySlice<Substring> {
        let taken = lines.prefix(while: isPart)
        lines = lines.dropFirst(taken.count)
        return taken
    }

    /// `-`, or a number with its dot, where a line is an item of a list.
    private static func listMark(_ line: Substring) -> Substring? {
        guard let blank = line.firstIndex(of: " ") else { return nil }
        let mark = line[..<blank]
        return mark == "-" || (mark.last == "." && mark.count > 1 && mark.dropLast().allSatisfy(\.isNumber))
            ? mark : nil
    }

    private static func endsParagraph(_ line: Substring) -> Bool {
        line.isEmpty || ["```", "|", "#", "<"].contains(where: line.hasPrefix) || listMark(line) != nil
    }
}

// MARK: tables

extension ManualProse {
    /// A row is an item: its first cells the tag, the last one the text. Of a wide table, and of one whose first column has no
    /// head, only the first cell is the tag, and the text says which head the others stand under.
    private mutating func addTable(_ rows: ArraySlice<Substring>) {
        let heads = rows.first.map(Self.cells) ?? []
        let isLabelled = heads.count > 3 || (heads.count > 2 && heads[0].isEmpty)
        for row in rows.dropFirst(2) {
            var cells = Self.cells(row)
            if isLabelled {
                let labelled = zip(heads, cells).dropFirst().filter { !$1.isEmpty }.map { "\($0): \($1)" }
                cells = [cells[0], labelled.joined(separator: "; ")]
            }
            guard let text = cells.last else { continue }
            let tag = cells.dropLast().filter { !$0.isEmpty }.map { inline($0) }.joined(separator: "  ")
            page += ".TP\n\(tag)\n\(inline(text))\n"
        }
    }

    private static func cells(_ row: Substring) -> [String] {
        var cells = [""]
        var isEscaped = false
        for character in row.dropFirst().reversed().drop(while: { $0 == " " }).dropFirst().reversed() {
            if character == "|", !isEscaped {
                cells.append("")
            } else {
                if character == "|" { cells[cells.count - 1].removeLast() }
                cells[cells.count - 1].append(character)
            }
            isEscaped = character == "\\"
        }
        return cells.map { cell in String(cell.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed()) }
    }
}

// MARK: within a line

extension ManualProse {
    private func inline(_ text: String) -> String {
        var result = ""
        var rest = text[...]
        var isBold = false
        var isItalic = false
        while let character = rest.first {
            if rest.hasPrefix("**") {
                isBold.toggle()
                rest.removeFirst(2)
                result += isBold ? "\\fB" : "\\fR"
            } else if character == "*" {
                isItalic.toggle()
                rest.removeFirst()
                result += isItalic ? "\\fI" : "\\fR"
            } else if character == "`", let (code, end) = Self.code(rest) {
                result += "\\fB\(Self.breakable(code))\\f\(isBold ? "B" : "R")"
                rest = end
            } else if character == "[", let link = Self.link(rest) {
                result += inline(String(link.text)) + reference(link.target, String(link.text))
                rest = link.rest
            } else {
                result += Roff.escapedWithin(String(character))
                rest.removeFirst()
            }
        }
        return Roff.protected(result)
    }

    /// Code that is too long for a line may end one behind a comma.
    private static func breakable(_ code: String) -> String {
        let parts = code.split(separator: ",", omittingEmptySubsequences: false).map { Roff.escapedWithin(String($0)) }
        return parts.joined(separator: code.count > 40 ? ",\\:" : ",")
    }

    private static func code(_ text: Substring) -> (code: String, rest: Substring)? {
        let fence = text.prefix { $0 == "`" }
        let inner = text.dropFirst(fence.count)
        guard let end = inner.firstRange(of: fence) else { return nil }
        return (String(inner[..<end.lowerBound]), inner[end.upperBound...])
    }

    private static func link(_ text: Substring) -> (text: Substring, target: String, rest: Substring)? {
        guard let middle = text.firstRange(of: "]("), let end = text[middle.upperBound...].firstIndex(of: ")") else {
            return nil
        }
        let shown = text[text.index(after: text.startIndex)..<middle.lowerBound]
        guard !shown.contains("[") else { return nil }
        return (shown, String(text[middle.upperBound..<end]), text[text.index(after: end)...])
    }

    /// Where a link leads, for those who have no browser before them.
    private func reference(_ target: String, _ text: String) -> String {
        if let page = references[target] { return " (\(Roff.reference(page)))" }
        let examples = "examples/"
        guard let place = target.firstRange(of: examples), !text.contains(examples) else { return "" }
        return " (\(Roff.escapedWithin(String(target[place.lowerBound...]))))"
    }
}
