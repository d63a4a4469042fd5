/// Pieces of a manual page for man(7).
package enum Roff {
    /// The title, and what whatis(1) shows. Names are not parted at line ends, nor are lines stretched around long ones.
    package static func head(_ name: String, section: String, title: String) -> String {
        ".TH \(escaped(name.uppercasedASCII)) \(section) \"\" \"wsqueue \(Version.text)\" \"wsqueue\"\n"
            + ".nh\n.ad l\n.SH NAME\n\(escaped(name)) \\- \(escaped(title))\n"
    }

    /// The pages that are worth reading too.
    package static func seeAlso(_ pages: [String]) -> String {
        pages.isEmpty ? "" : ".SH SEE ALSO\n\(pages.map(reference).joined(separator: ",\n"))\n"
    }

    /// Such as `wsqueue(7)`.
    package static func reference(_ page: String) -> String {
        let parts = page.split(separator: "(")
        return parts.count == 2 ? "\\fB\(escaped(String(parts[0])))\\fR(\(parts[1])" : escaped(page)
    }

    /// Lines that are shown as they are.
    package static func literal(_ lines: [String]) -> String {
        ".PP\n.nf\n" + lines.map { escaped($0) + "\n" }.joined() + ".fi\n"
    }

    /// A line of text: a hyphen that may be copied, no beginning that is a request.
    package static func escaped(_ text: String) -> String { protected(escapedWithin(text)) }

    /// What is a line once it is put together.
    package static func protected(_ line: String) -> String {
        line.utf8.first == UInt8(ascii: ".") ? "\\&" + line : line
    }

    /// A piece of a line.
    package static func escapedWithin(_ text: String) -> String {
        var result = ""
        for character in text {
            switch character {
            case "\\": result += "\\e"
            case "-": result += "\\-"
            case "'": result += "\\(aq"
            case "`": result += "\\(ga"
            case "^": result += "\\(ha"
            case "~": result += "\\(ti"
            default: result.append(character)
            }
        }
        return result
    }
}

extension Option {
    /// The item of a list that explains it, under its names on a command line.
    var item: String {
        let names = (short.map { "\\fB\\-\($0)\\fR, " } ?? "") + "\\fB\\-\\-\(Roff.escaped(name))\\fR"
        return ".TP\n\(names)\(value.shown(" "))\n\(Roff.escaped(explanation))\n"
    }

    /// The same under the key of a configuration file.
    package var keyItem: String {
        let key = "\\fB\(Roff.escaped(name))\\fR = " + (value == .none ? "yes|no" : value.shown(""))
        let variable = environment.map { " Variable: \($0)." } ?? ""
        return ".TP\n\(key)\n\(Roff.escaped(explanation + variable))\n"
    }
}

extension Option.Value {
    fileprivate func shown(_ gap: String) -> String {
        switch self {
        case .none: ""
        case .required(let what): "\(gap)\\fI\(Roff.escaped(what))\\fR"
        case .optional(let what): "[=\\fI\(Roff.escaped(what))\\fR]"
        }
    }
}
