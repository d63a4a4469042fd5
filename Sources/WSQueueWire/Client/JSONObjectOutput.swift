internal import WSQueueCore

/// An object being written: members in the order in which they are added.
package struct JSONObjectOutput {
    package private(set) var bytes: [UInt8]

    /// Begins an object whose members are what they may be, none too.
    package init() { bytes = [UInt8(ascii: "{")] }

    /// Begins an object with one member, which every message of ours has.
    package init(_ name: String, _ text: String) {
        bytes = [UInt8(ascii: "{")]
        appendName(name)
        JSONWriter.write(text, into: &bytes)
    }

    /// Begins an object with a truth.
    package init(_ name: String, _ truth: Bool) {
        bytes = [UInt8(ascii: "{")]
        appendName(name)
        bytes.append(truth ? "true" : "false")
    }

    /// Begins an object with a number.
    package init(first name: String, _ number: some BinaryInteger) {
        bytes = [UInt8(ascii: "{")]
        appendName(name)
        bytes.append(String(number))
    }

    /// A text as JSON.
    package static func json(_ text: String) -> [UInt8] {
        var bytes: [UInt8] = []
        JSONWriter.write(text, into: &bytes)
        return bytes
    }

    /// Begins an object with a member whose value is JSON already.
    init(_ name: String, _ json: [UInt8]) {
        bytes = [UInt8(ascii: "{")]
        appendName(name)
        bytes.append(contentsOf: json)
    }

    /// Adds a member with a text.
    package func text(_ name: String, _ text: String) -> JSONObjectOutput {
        with(name) { JSONWriter.write(text, into: &$0) }
    }

    /// Adds a member with a whole number.
    package func number(_ name: String, _ number: some BinaryInteger) -> JSONObjectOutput {
        with(name) { $0.append(String(number)) }
    }

    /// Adds a member with a truth.
    package func truth(_ name: String, _ truth: Bool) -> JSONObjectOutput {
        with(name) { $0.append(truth ? "true" : "false") }
    }

    /// Adds a member whose value is JSON already.
    package func raw(_ name: String, _ json: [UInt8]) -> JSONObjectOutput {
        with(name) { $0.append(contentsOf: json) }
    }

    /// The whole object.
    package func finished() -> [UInt8] {
        bytes + [UInt8(ascii: "}")]
    }

    private func with(_ name: String, _ appendValue: (inout [UInt8]) -> Void) -> JSONObjectOutput {
        var longer = self
        if longer.bytes.count > 1 { longer.bytes.append(ASCII.comma) }
        longer.appendName(name)
        appendValue(&longer.bytes)
        return longer
    }

    private mutating func appendName(_ name: String) {
        JSONWriter.write(name, into: &bytes)
        bytes.append(ASCII.colon)
    }
}
