internal import WSQueueCore
internal import WSQueuePublish
internal import WSQueueSpool

/// Where a command line says that the payload is.
package enum PayloadSource: Equatable, Sendable {
    /// Nowhere: `null`.
    case none
    /// In a word, as JSON.
    case json(String)
    /// In a word, as text, of which a JSON string is made.
    case text(String)
    /// In a file, as JSON; `-` is standard input.
    case file(String)
    /// In a file, as text, of which a JSON string is made; `-` is standard input.
    case textFile(String)
    /// In fields, of which a JSON object is made.
    case fields([PayloadField])

    /// The payload as JSON text. What was JSON already is not checked yet, but for that of fields, because a fault
    /// there has to name the field.
    ///
    /// - Parameters:
    ///   - replacements: How many U+FFFD were put into texts is added to it.
    ///   - progress: Shows how much has come of an input.
    package func load(
        limitBytes: Int, replacements: inout Int, showing progress: Progress = .none
    ) throws(CommandFault) -> [UInt8] {
        var loading = Loading(limitBytes: limitBytes, progress: progress)
        defer { replacements += loading.replacements }
        switch self {
        case .none: return Array("null".utf8)
        case .json(let text): return Array(text.utf8)
        case .text(let text): return Self.string(text)
        case .file(let path): return try loading.json(in: path)
        case .textFile(let path): return try loading.text(in: path)
        case .fields(let fields): return try Self.object(fields, &loading)
        }
    }

    /// An error of the payload, with what to type where it was meant as text.
    func advised(_ error: PublishError) -> PublishError {
        // What begins as JSON was meant so.
        guard case .refused(.payload(_, offset: 0)) = error.kind else { return error }
        let advice: String
        switch self {
        case .json(let text) where text.utf8.count <= 80: advice = "for a text, -t \(TerminalText.shellWord(text))"
        case .file("-"): advice = "for a text, -t -"
        case .file(let path): advice = "for a text, -t - < \(TerminalText.shellWord(path))"
        default: return error
        }
        return PublishError(error.kind, reason: error.reason, circumstances: error.circumstances, advice: advice)
    }

    private static func string(_ text: String) -> [UInt8] {
        var bytes: [UInt8] = []
        JSONWriter.write(text, into: &bytes)
        return bytes
    }

    private static func object(_ fields: [PayloadField], _ loading: inout Loading) throws(CommandFault) -> [UInt8] {
        var bytes: [UInt8] = []
        for field in fields {
            bytes.append(UInt8(ascii: bytes.isEmpty ? "{" : ","))
            JSONWriter.write(field.name, into: &bytes)
            bytes.append(UInt8(ascii: ":"))
            bytes += try value(of: field, &loading)
        }
        bytes.append(UInt8(ascii: "}"))
        return bytes
    }

    private static func value(of field: PayloadField, _ loading: inout Loading) throws(CommandFault) -> [UInt8] {
        switch field.value {
        case .text(let text): return string(text)
        case .json(let text):
            // No JSON begins so. A person who expects a file to be read there reads how to do that.
            let isLikeFile = text.utf8.first == UInt8(ascii: "@")
            let name = TerminalText.plain(field.name) == field.name ? field.name : TerminalText.shellWord(field.name)
            let advice = isLikeFile ? "a file is read by --json-file \(name)=FILE" : ""
            return try checked(Array(text.utf8), "field '\(field.name)'", advice: advice)
        case .jsonFile(let path):
            return try checked(try loading.json(in: path), "field '\(field.name)', file \(path)")
        case .textFile(let path): return try loading.text(in: path)
        }
    }

    private static func checked(
        _ bytes: [UInt8], _ context: String, advice: String = ""
    ) throws(CommandFault) -> [UInt8] {
        do {
            try JSONScanner.validate(bytes.span)
            return bytes
        } catch {
            throw .publishing(
                PublishError(.payload(reason: error.reason, offset: error.offset), in: context, advice: advice))
        }
    }
}

/// Reads the inputs of a payload.
private struct Loading {
    private let limitBytes: Int
    private var progress: Progress
    /// How many U+FFFD were put into texts.
    private(set) var replacements = 0

    init(limitBytes: Int, progress: Progress) {
        self.limitBytes = limitBytes
        self.progress = progress
    }

    /// The white space after the value goes, so that the event stays on one line; that before it stays, so that a
    /// fault names the byte an editor shows.
    mutating func json(in path: String) throws(CommandFault) -> [UInt8] {
        var bytes = try contents(of: path)
        let end = BatchLines.trimmed(bytes.indices, in: bytes.span).upperBound
        bytes.removeSubrange(end...)
        return bytes
    }

    mutating func text(in path: String) throws(CommandFault) -> [UInt8] {
        var contents = try contents(of: path)
        if let repaired = UTF8Repair.repair(contents.span) {
            contents = repaired.text
            replacements += repaired.replacements
        }
        var bytes: [UInt8] = []
        JSONWriter.write(contents, into: &bytes)
        return bytes
    }

    private mutating func contents(of path: String) throws(CommandFault) -> [UInt8] {
        let bytes = try Input.contents(of: path, limitBytes: limitBytes, showing: &progress)
        guard bytes.count <= limitBytes else { throw .publishing(PublishError(.size(limitBytes: limitBytes))) }
        return bytes
    }
}

/// One member of the payload.
package struct PayloadField: Equatable, Sendable {
    /// What the value is made of.
    package enum Value: Equatable, Sendable {
        /// `name=string`
        case text(String)
        /// `name:=json`
        case json(String)
        /// The text in the file at a path; `-` is standard input.
        case textFile(String)
        /// The JSON in the file at a path; `-` is standard input.
        case jsonFile(String)
    }

    /// The member's name.
    package let name: String
    /// What the value is made of.
    package let value: Value

    /// Reads a word, `name=string` or `name:=json`; `nil` when it has none of the forms.
    ///
    /// The first `=` ends the name. Names and values are data, and often somebody else's: whatever they begin or end
    /// with, no word names a file.
    package init?(_ word: String) {
        guard let (front, value) = Self.parts(of: word) else { return nil }
        let isJSON = front.utf8.last == UInt8(ascii: ":")
        let name = isJSON ? front.prefix(upTo: front.utf8.index(before: front.endIndex)) : front
        guard !name.isEmpty else { return nil }
        self.name = String(name)
        self.value = isJSON ? .json(String(value)) : .text(String(value))
    }

    /// Reads the value of an option that names a file, `name=path`; `nil` when it has another form.
    ///
    /// The first `=` ends the name. `name:=path` is none: the option says already whether it is JSON.
    ///
    /// - Parameter value: Makes the field's value of the path.
    package init?(file word: String, _ value: (String) -> Value) {
        guard let (name, path) = Self.parts(of: word), !name.isEmpty, name.utf8.last != UInt8(ascii: ":"),
            !path.isEmpty
        else { return nil }
        self.name = String(name)
        self.value = value(String(path))
    }

    private static func parts(of word: String) -> (name: Substring, value: Substring)? {
        guard let sign = word.utf8.firstIndex(of: UInt8(ascii: "=")) else { return nil }
        return (word[..<sign], word[word.utf8.index(after: sign)...])
    }
}
