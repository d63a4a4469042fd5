/// Text of anybody's making, made safe for where it is shown: a terminal, a line of the log, a line of JSON, a command that
/// somebody is told to type. The one place that decides what a terminal must not get.
///
/// What a terminal might obey are the controls (C0, DEL and C1), and what turns or breaks the line that a person reads: the
/// line separators and the marks that change the direction of writing. Everywhere they are written as the escapes of
/// JSON, such as `\n` and `\u202e`.
package enum TerminalText {
    /// For people: what a terminal might obey is escaped, all else stays as it is.
    package static func plain(_ text: String) -> String { rewritten(text, .plain) ?? text }

    /// For people, of bytes that should be UTF-8: bytes that are not become `\xff`.
    package static func plain(_ bytes: [UInt8]) -> String {
        String(decoding: rewritten(bytes.span, .plain) ?? bytes, as: UTF8.self)
    }

    /// For people, between quotation marks, so that one sees where it ends.
    package static func quoted(_ text: String) -> String { "\"\(inQuotationMarks(text))\"" }

    /// What stands between quotation marks, in a line of the log and in JSON: `"` and `\` are escaped as well.
    package static func inQuotationMarks(_ text: String) -> String { rewritten(text, .quoted) ?? text }

    /// The value of a pair in a line of the log: a plain word stays as it is, all else stands between quotation marks.
    package static func logValue(_ text: String) -> String {
        let isPlain = text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != 0x22 && $0 != 0x3D && $0 != 0x5C }
        return isPlain && !text.isEmpty ? text : quoted(text)
    }

    /// JSON that says the same, a text a line or several: what a terminal might obey can only stand in strings, where an
    /// escape is as good. Line feeds and tabs stay, a carriage return between two tokens becomes a blank.
    package static func json(_ json: [UInt8]) -> [UInt8] { rewritten(json.span, .json) ?? json }

    /// A word of a command that somebody is told to type: as it is, in `'…'` where a shell would cut it, and in `$'…'`
    /// where it holds what a terminal might obey or what is not UTF-8. That form has ASCII only, and means the very bytes.
    package static func shellWord(_ bytes: [UInt8]) -> String {
        if !bytes.isEmpty, bytes.allSatisfy(isPlainInShell) { return String(decoding: bytes, as: UTF8.self) }
        guard rewritten(bytes.span, .plain) == nil else { return dollarQuoted(bytes) }
        let text = String(decoding: bytes, as: UTF8.self)
        return "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
    }

    /// The same of a text.
    package static func shellWord(_ text: String) -> String { shellWord(Array(text.utf8)) }

    private enum Form {
        case plain, quoted, json
    }

    private static func rewritten(_ text: String, _ form: Form) -> String? {
        rewritten(text.utf8.span, form).map { String(decoding: $0, as: UTF8.self) }
    }

    /// The text with its escapes; `nil` where it needs none.
    private static func rewritten(_ bytes: Span<UInt8>, _ form: Form) -> [UInt8]? {
        var output: [UInt8]?
        var position = endOfPlain(bytes)
        // What is good so far, and not yet in the output.
        var start = 0
        while position < bytes.count {
            let (end, escape) = character(in: bytes, from: position, form)
            if let escape {
                var written = output ?? []
                output = nil
                written.append(copying: bytes.extracting(start..<position))
                written.append(contentsOf: escape.utf8)
                output = written
                start = end
            }
            position = end
        }
        output?.append(copying: bytes.extracting(start..<bytes.count))
        return output
    }

    /// Where the printable ASCII ends that a text begins with, which most are whole.
    private static func endOfPlain(_ bytes: Span<UInt8>) -> Int {
        for index in bytes.indices {
            let byte = bytes[index]
            guard byte >= 0x20, byte < 0x7F, byte != 0x22, byte != 0x5C else { return index }
        }
        return bytes.count
    }

    /// Where the character ends that begins at a position, and what is written in its place where it must not stand.
    private static func character(
        in bytes: Span<UInt8>, from position: Int, _ form: Form
    ) -> (end: Int, escape: String?) {
        let first = bytes[position]
        if first < 0x80 { return (position + 1, escape(ofASCII: first, form)) }
        guard case .ends(let end) = UTF8Lead.character(in: bytes, from: position) else {
            return (position + 1, form == .json ? "\u{FFFD}" : "\\x\(hexadecimal(UInt32(first), digits: 2))")
        }
        // All that a terminal might obey is below U+2070, so has two or three bytes.
        guard end - position < 4 else { return (end, nil) }
        var value = UInt32(first) & (end - position == 2 ? 0x1F : 0x0F)
        for index in position + 1..<end { value = value << 6 | UInt32(bytes[index] & 0x3F) }
        return (end, isSteering(value) ? "\\u\(hexadecimal(value, digits: 4))" : nil)
    }

    private static func escape(ofASCII byte: UInt8, _ form: Form) -> String? {
        switch (byte, form) {
        case (0x22, .quoted): "\\\""
        case (0x5C, .quoted): "\\\\"
        case (0x09, .json), (0x0A, .json): nil
        case (0x0D, .json): " "
        case (0x0A, _): "\\n"
        case (0x0D, _): "\\r"
        case (0x09, _): "\\t"
        case (..<0x20, _), (0x7F, _): "\\u\(hexadecimal(UInt32(byte), digits: 4))"
        default: nil
        }
    }

    /// C1 controls, the line separators, and the marks that change the direction of writing.
    private static func isSteering(_ value: UInt32) -> Bool {
        switch value {
        case 0x80..<0xA0, 0x061C, 0x200E, 0x200F, 0x2028...0x202E, 0x2066...0x2069: true
        default: false
        }
    }

    private static func hexadecimal(_ value: UInt32, digits: Int) -> String {
        let text = String(value, radix: 16)
        return String(repeating: "0", count: digits - text.utf8.count) + text
    }

    private static func isPlainInShell(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        case UInt8(ascii: "/"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "+"),
            UInt8(ascii: "="), UInt8(ascii: ":"), UInt8(ascii: ","), UInt8(ascii: "@"), UInt8(ascii: "%"):
            true
        default: false
        }
    }

    /// Each byte that is no printable ASCII in three octal digits, beyond which no shell reads.
    private static func dollarQuoted(_ bytes: [UInt8]) -> String {
        var word = Array("$'".utf8)
        for byte in bytes {
            switch byte {
            case UInt8(ascii: "'"), UInt8(ascii: "\\"): word += [UInt8(ascii: "\\"), byte]
            case 0x20..<0x7F: word.append(byte)
            case 0x0A: word += Array("\\n".utf8)
            default:
                let digits = [byte >> 6, byte >> 3 & 7, byte & 7].map { $0 + UInt8(ascii: "0") }
                word += [UInt8(ascii: "\\")] + digits
            }
        }
        return String(decoding: word, as: UTF8.self) + "'"
    }
}
