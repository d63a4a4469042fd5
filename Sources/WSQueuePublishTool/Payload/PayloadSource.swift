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
    /// In fields, of which a JSON object is made.
    case fields([PayloadField])

    /// The payload as JSON text. What was JSON already is not checked yet, but for that of fields, because a fault
    /// there has to name the field.
    ///
    /// - Parameter replacements: How many U+FFFD were put into texts is added to it.
    package func load(limitBytes: Int, replacements: inout Int) throws(CommandFault) -> [UInt8] {
        switch self {
        case .none: return Array("null".utf8)
        case .json(let text): return Array(text.utf8)
        case .text(let text): return Self.string(text)
        case .file(let path): return try Self.json(in: path, limitBytes: limitBytes)
        case .fields(let fields): return try Self.object(fields, limitBytes: limitBytes, &replacements)
        }
    }

    private static func string(_ text: String) -> [UInt8] {
        var bytes: [UInt8] = []
        JSONWriter.write(text, into: &bytes)
        return bytes
    }

    /// The white space after the value goes, so that the event stays on one line; that before it stays, so that a
    /// fault names the byte an editor shows.
    private static func json(in path: String, limitBytes: Int) throws(CommandFault) -> [UInt8] {
        var bytes = try contents(of: path, limitBytes: limitBytes)
        let end = BatchLines.trimmed(bytes.indices, in: bytes.span).upperBound
        bytes.removeSubrange(end...)
        return bytes
    }

    private static func contents(of path: String, limitBytes: Int) throws(CommandFault) -> [UInt8] {
        let bytes = try Input.contents(of: path, limitBytes: limitBytes)
        guard bytes.count <= limitBytes else { throw .publishing(PublishError(.size(limitBytes: limitBytes))) }
        return bytes
    }

    private static func object(
        _ fields: [PayloadField], limitBytes: Int, _ replacements: inout Int
    ) throws(CommandFault) -> [UInt8] {
        var bytes: [UInt8] = []
        for field in fields {
            bytes.append(UInt8(ascii: bytes.isEmpty ? "{" : ","))
            JSONWriter.write(field.name, into: &bytes)
            bytes.append(UInt8(ascii: ":"))
            bytes += try value(of: field, limitBytes: limitBytes, &replacements)
        }
        bytes.append(UInt8(ascii: "}"))
        return bytes
    }

    private static func value(
        of field: PayloadField, limitBytes: Int, _ replacements: inout Int
    ) throws(CommandFault) -> [UInt8] {
        switch field.value {
        case .text(let text): return string(text)
        case .json(let text):
            // No JSON begins so. A person who expects a file to be read there reads how to do that.
            let isLikeFile = text.utf8.first == UInt8(ascii: "@")
            let name = TerminalText.plain(field.name) == field.name ? field.name : TerminalText.shellWord(field.name)
            let advice = isLikeFile ? "a file is read by --json-file \(name)=FILE" : ""
            return try checked(Array(text.utf8), "field '\(field.name)'", advice: advice)
        case .jsonFile(let path):
            let bytes = try json(in: path, limitBytes: limitBytes)
            return try checked(bytes, "field '\(field.name)', file \(path)")
        case .textFile(let path):
            var contents = try contents(of: path, limitBytes: limitBytes)
            if let repaired = UTF8Repair.repair(contents.span) {
                contents = repaired.text
                replacements += repaired.replacements
            }
            var bytes: [UInt8] = []
            JSONWriter.write(contents, into: &bytes)
            return bytes
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
