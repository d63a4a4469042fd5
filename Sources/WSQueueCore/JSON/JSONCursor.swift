/// A place in a JSON text, moved forward over one construct at a time.
///
/// Each `pass…` begins at the first byte of its construct and ends after the last; white space is passed only where its
/// name says so. A fault leaves the place somewhere before it.
struct JSONCursor {
    /// The offset of the next byte.
    var position = 0

    /// A fault at the next byte.
    func fault(_ reason: String) -> JSONFault { JSONFault(reason: reason, offset: position) }

    /// The fault of a construct that is not what stands here; a text that ends here is said to end.
    func unexpected(in bytes: Span<UInt8>, _ reason: String) -> JSONFault {
        fault(position < bytes.count ? reason : "the text ends too early: \(reason)")
    }

    /// Passes white space, if there is any.
    mutating func skipSpace(in bytes: Span<UInt8>) {
        while position < bytes.count, JSONCursor.isSpace(bytes[position]) { position += 1 }
    }

    /// Passes `byte` if it stands here.
    mutating func skip(_ byte: UInt8, in bytes: Span<UInt8>) -> Bool {
        guard position < bytes.count, bytes[position] == byte else { return false }
        position += 1
        return true
    }

    /// Passes one value of any kind.
    ///
    /// - Parameter depth: How many arrays and objects are open around it.
    mutating func passValue(in bytes: Span<UInt8>, depth: Int) throws(JSONFault) -> JSONKind {
        guard position < bytes.count else { throw unexpected(in: bytes, "expected a value") }
        switch bytes[position] {
        case UInt8(ascii: "{"):
            try passContainer(in: bytes, depth: depth)
            return .object
        case UInt8(ascii: "["):
            try passContainer(in: bytes, depth: depth)
            return .array
        default: return try passScalar(in: bytes)
        }
    }

    /// Passes a value that is neither an array nor an object.
    mutating func passScalar(in bytes: Span<UInt8>) throws(JSONFault) -> JSONKind {
        guard position < bytes.count else { throw unexpected(in: bytes, "expected a value") }
        switch bytes[position] {
        case UInt8(ascii: "\""):
            _ = try passString(in: bytes)
            return .string
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            try passNumber(in: bytes)
            return .number
        case UInt8(ascii: "t"): return try passWord("true", .boolean, in: bytes)
        case UInt8(ascii: "f"): return try passWord("false", .boolean, in: bytes)
        case UInt8(ascii: "n"): return try passWord("null", .null, in: bytes)
        case 0xEF where position == 0: throw fault("expected a value, not a byte order mark; write UTF-8 without one")
        default: throw fault("expected a value")
        }
    }

    /// Passes the name of a member, its colon, and the white space before the value.
    mutating func passName(in bytes: Span<UInt8>) throws(JSONFault) -> JSONStringToken {
        guard position < bytes.count, bytes[position] == UInt8(ascii: "\"") else {
            throw unexpected(in: bytes, "expected a member's name in quotes")
        }
        let name = try passString(in: bytes)
        skipSpace(in: bytes)
        guard skip(UInt8(ascii: ":"), in: bytes) else {
            throw unexpected(in: bytes, "expected ':' after a member's name")
        }
        skipSpace(in: bytes)
        return name
    }

    private mutating func passWord(
        _ word: String, _ kind: JSONKind, in bytes: Span<UInt8>
    ) throws(JSONFault) -> JSONKind {
        for byte in word.utf8 where !skip(byte, in: bytes) {
            throw unexpected(in: bytes, "expected '\(word)'")
        }
        return kind
    }

    private mutating func passNumber(in bytes: Span<UInt8>) throws(JSONFault) {
        _ = skip(UInt8(ascii: "-"), in: bytes)
        // A 0 stands alone before the point: what follows in `01` is no part of the number.
        if !skip(UInt8(ascii: "0"), in: bytes) { try passDigits(in: bytes) }
        if skip(UInt8(ascii: "."), in: bytes) { try passDigits(in: bytes) }
        guard skip(UInt8(ascii: "e"), in: bytes) || skip(UInt8(ascii: "E"), in: bytes) else { return }
        if !skip(UInt8(ascii: "+"), in: bytes) { _ = skip(UInt8(ascii: "-"), in: bytes) }
        try passDigits(in: bytes)
    }

    private mutating func passDigits(in bytes: Span<UInt8>) throws(JSONFault) {
        let start = position
        var place = start
        while place < bytes.count, bytes[place] &- UInt8(ascii: "0") <= 9 { place &+= 1 }
        position = place
        guard place > start else { throw unexpected(in: bytes, "expected a digit in a number") }
    }

    private static func isSpace(_ byte: UInt8) -> Bool {
        byte <= 0x20 && (byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09)
    }
}
