/// Appends JSON values to bytes (RFC 8259).
package enum JSONOutput {
    /// Appends `text`, which is UTF-8, as a string with its quotes; only what must be escaped is.
    package static func append(_ text: some Sequence<UInt8>, to output: inout [UInt8]) {
        output.append(UInt8(ascii: "\""))
        for byte in text {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                output.append(UInt8(ascii: "\\"))
                output.append(byte)
            case 0x00..<0x20:
                output.append("\\u00")
                output.append(hexadecimalDigit(byte >> 4))
                output.append(hexadecimalDigit(byte & 0x0F))
            default:
                output.append(byte)
            }
        }
        output.append(UInt8(ascii: "\""))
    }

    /// Appends `text` as a string with its quotes.
    package static func append(_ text: String, to output: inout [UInt8]) {
        append(text.utf8, to: &output)
    }

    private static func hexadecimalDigit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
    }
}

/// An object being written: members in the order in which they are added.
struct JSONObjectOutput {
    private(set) var bytes: [UInt8]

    /// Begins an object with one member, which every message of ours has.
    init(_ name: String, _ text: String) {
        bytes = [UInt8(ascii: "{")]
        appendName(name)
        JSONOutput.append(text, to: &bytes)
    }

    /// Begins an object with a truth.
    init(_ name: String, _ truth: Bool) {
        bytes = [UInt8(ascii: "{")]
        appendName(name)
        bytes.append(truth ? "true" : "false")
    }

    func text(_ name: String, _ text: String) -> JSONObjectOutput {
        with(name) { JSONOutput.append(text, to: &$0) }
    }

    func number(_ name: String, _ number: some BinaryInteger) -> JSONObjectOutput {
        with(name) { $0.append(String(number)) }
    }

    func truth(_ name: String, _ truth: Bool) -> JSONObjectOutput {
        with(name) { $0.append(truth ? "true" : "false") }
    }

    /// Adds a member whose value is JSON already.
    func raw(_ name: String, _ json: [UInt8]) -> JSONObjectOutput {
        with(name) { $0.append(contentsOf: json) }
    }

    /// The whole object.
    func finished() -> [UInt8] {
        bytes + [UInt8(ascii: "}")]
    }

    private func with(_ name: String, _ appendValue: (inout [UInt8]) -> Void) -> JSONObjectOutput {
        var longer = self
        longer.bytes.append(ASCII.comma)
        longer.appendName(name)
        appendValue(&longer.bytes)
        return longer
    }

    private mutating func appendName(_ name: String) {
        JSONOutput.append(name, to: &bytes)
        bytes.append(ASCII.colon)
    }
}
