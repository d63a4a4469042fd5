import WSQueueWire

extension RESPValue {
    /// The bytes of an answer (RESP3).
    package var encoded: [UInt8] {
        switch self {
        case .text(let bytes): Array("$\(bytes.count)\r\n".utf8) + bytes + Array("\r\n".utf8)
        case .error(let text): Array("-\(text)\r\n".utf8)
        case .integer(let number): Array(":\(number)\r\n".utf8)
        case .number(let number): Array(",\(number)\r\n".utf8)
        case .boolean(let isTrue): Array("#\(isTrue ? "t" : "f")\r\n".utf8)
        case .null: Array("_\r\n".utf8)
        case .list(let values): Array("*\(values.count)\r\n".utf8) + values.flatMap(\.encoded)
        case .map(let values): Array("%\(values.count / 2)\r\n".utf8) + values.flatMap(\.encoded)
        case .push(let values): Array(">\(values.count)\r\n".utf8) + values.flatMap(\.encoded)
        }
    }
}

/// The commands in some bytes, as a server reads them.
package struct CommandReader: Sendable {
    private var parser = RESPParser()

    package init() {}

    /// Takes what has come.
    ///
    /// - Returns: The words of each command that is whole.
    package mutating func read(_ bytes: [UInt8]) -> [[[UInt8]]] {
        parser.append(bytes.span)
        var commands: [[[UInt8]]] = []
        while case .value(let value) = try? parser.next() {
            commands.append((value.elements ?? []).map { $0.bytes ?? [] })
        }
        return commands
    }
}
