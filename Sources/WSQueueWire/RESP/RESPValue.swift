/// What a Redis server answers (RESP2 and RESP3).
package indirect enum RESPValue: Equatable, Sendable {
    /// A status, a string, a verbatim string without its format, or a big number: bytes, UTF-8 or not.
    case text([UInt8])
    /// The server refused: its code and what it says, `WRONGPASS invalid username-password pair …`.
    case error(String)
    case integer(Int64)
    case number(Double)
    case boolean(Bool)
    case null
    /// An array or a set.
    case list([RESPValue])
    /// A map: keys and values in turn.
    case map([RESPValue])
    /// Something that was not asked for: it belongs to no command.
    case push([RESPValue])

    /// The bytes of a text.
    package var bytes: [UInt8]? {
        guard case .text(let bytes) = self else { return nil }
        return bytes
    }

    /// A text as UTF-8, what is none of it replaced.
    package var string: String? { bytes.map { String(decoding: $0, as: UTF8.self) } }

    /// An integer, or a text that is one.
    package var integer: Int64? {
        switch self {
        case .integer(let number): number
        case .text(let bytes): Int64(String(decoding: bytes, as: UTF8.self))
        default: nil
        }
    }

    /// The elements of a list or a push, or a map's keys and values in turn.
    package var elements: [RESPValue]? {
        switch self {
        case .list(let values), .map(let values), .push(let values): values
        default: nil
        }
    }

    /// The value of a key, in a map or, as RESP2 has it, in a list of keys and values.
    package subscript(key: String) -> RESPValue? {
        guard let values = elements else { return nil }
        for index in stride(from: 0, to: values.count - 1, by: 2) where values[index].string == key {
            return values[index + 1]
        }
        return nil
    }

    /// What the server refused with.
    package var refusal: String? {
        guard case .error(let text) = self else { return nil }
        return text
    }
}

/// Why what a server sends is no answer.
package struct RESPFault: Error, Equatable, CustomStringConvertible {
    package let reason: String

    package var description: String { reason }
}
