internal import WSQueueCore
internal import WSQueueOperation

/// The members of an object that a server of ours has sent, for commands that ask one.
package struct JSONFields: Sendable {
    private let bytes: [UInt8]
    private var members: [(name: String, member: JSONMember)] = []

    /// Reads an object; `nil` for what is none.
    package init?(_ bytes: [UInt8]) {
        self.bytes = bytes
        var reader = JSONObjectReader()
        do throws(JSONFault) {
            while let member = try reader.next(in: bytes.span) {
                guard let name = JSONString.text(member.name, in: bytes.span) else { return nil }
                members.append((name, member))
            }
        } catch {
            return nil
        }
    }

    /// The names, in their order.
    package var names: [String] { members.map(\.name) }

    /// A string.
    package func text(_ name: String) -> String? {
        guard let member = member(name), member.kind == .string else { return nil }
        return JSONString.text(JSONString.contents(of: member.value), in: bytes.span)
    }

    /// A whole number.
    package func number(_ name: String) -> Int64? {
        guard let member = member(name), member.kind == .number else { return nil }
        return JSONNumber.integer(member.value, in: bytes.span)
    }

    /// Whether it is `true`.
    package func isTrue(_ name: String) -> Bool { raw(name) == Array("true".utf8) }

    /// A value as it is written.
    package func raw(_ name: String) -> [UInt8]? { member(name).map { Array(bytes[$0.value]) } }

    /// An object.
    package func object(_ name: String) -> JSONFields? { raw(name).flatMap { JSONFields($0) } }

    /// The objects of a list.
    package func objects(_ name: String) -> [JSONFields] { elements(name).compactMap { JSONFields($0) } }

    /// The strings of a list.
    package func texts(_ name: String) -> [String] {
        elements(name).compactMap { element in
            guard element.first == UInt8(ascii: "\""), element.count > 1 else { return nil }
            return JSONString.text(1..<element.count - 1, in: element.span)
        }
    }

    private func elements(_ name: String) -> [[UInt8]] {
        guard let member = member(name), member.kind == .array else { return [] }
        var reader = JSONArrayReader(member.value)
        var elements: [[UInt8]] = []
        while let element = try? reader.next(in: bytes.span) { elements.append(Array(bytes[element.value])) }
        return elements
    }

    private func member(_ name: String) -> JSONMember? { members.first { $0.name == name }?.member }
}
