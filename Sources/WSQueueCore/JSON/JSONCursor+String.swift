/// A string of a JSON text as it lies there.
struct JSONStringToken {
    /// What stands between the quotes.
    let contents: Range<Int>
    /// Whether there is a backslash in it, so that the text differs from the bytes.
    let isEscaped: Bool
}

extension JSONCursor {
    /// Passes a string; the next byte is its first quote.
    mutating func passString(in bytes: Span<UInt8>) throws(JSONFault) -> JSONStringToken {
        position += 1
        let start = position
        var isEscaped = false
        while true {
            skipPlain(in: bytes)
            guard position < bytes.count else { throw fault("the text ends inside a string") }
            switch bytes[position] {
            case UInt8(ascii: "\""):
                position += 1
                return JSONStringToken(contents: start..<position - 1, isEscaped: isEscaped)
            case UInt8(ascii: "\\"):
                isEscaped = true
                try passEscape(in: bytes)
            case ..<0x20: throw fault("a control character in a string; write it as an escape")
            default: try passCharacter(in: bytes)
            }
        }
    }

    /// Passes the bytes that mean nothing special in a string: all of ASCII but quote, backslash and controls.
    private mutating func skipPlain(in bytes: Span<UInt8>) {
        // Names and short values end within these; only what goes on is worth a wider step.
        if stops(within: 16, in: bytes) { return }
        var position = position
        // A fixed number of bytes, joined without a branch: the compiler makes vectors of this loop.
        while bytes.count - position >= 64 {
            var bits: UInt8 = 0
            for offset in position..<position + 64 { bits |= JSONCursor.specialBits(bytes[offset]) }
            if bits >= 0x80 { break }
            position += 64
        }
        self.position = position
        if stops(within: .max, in: bytes) { return }
        while self.position < bytes.count, JSONCursor.isPlain(bytes[self.position]) { self.position += 1 }
    }

    /// Passes plain bytes, eight a step; `true` where the next one is not plain, `false` where so many were, or fewer than
    /// eight are left.
    @inline(__always)
    private mutating func stops(within limit: Int, in bytes: Span<UInt8>) -> Bool {
        let start = position
        var place = start
        defer { position = place }
        while place &- start < limit, bytes.count &- place >= 8 {
            let word = bytes.word(at: place)
            // Only the lowest bit counts: those above it may come from a borrow.
            let special = JSONWord.escapes(word) | (word & JSONWord.highBits)
            place &+= special.trailingZeroBitCount >> 3
            if special != 0 { return true }
        }
        return false
    }

    /// Has its highest bit set for what is not plain. Each subtraction borrows into that bit for the byte it looks for;
    /// that it does so for bytes from 0x80 on as well is no matter, as these are not plain either.
    private static func specialBits(_ byte: UInt8) -> UInt8 {
        // `|` and `&-` bind alike in Swift: the parentheses are needed.
        ((byte ^ UInt8(ascii: "\"")) &- 1) | ((byte ^ UInt8(ascii: "\\")) &- 1) | (byte &- 0x20) | byte
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        Int8(bitPattern: byte) >= 0x20 && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
    }

    /// Passes a character outside of ASCII.
    private mutating func passCharacter(in bytes: Span<UInt8>) throws(JSONFault) {
        switch UTF8Lead.character(in: bytes, from: position) {
        case .ends(let end): position = end
        case .cut: throw JSONFault(reason: "the text ends inside a string", offset: bytes.count)
        case .impossible(let offset): throw JSONFault(reason: "a byte that is not UTF-8", offset: offset)
        }
    }

    private mutating func passEscape(in bytes: Span<UInt8>) throws(JSONFault) {
        position += 1
        guard position < bytes.count else { throw fault("the text ends inside a string") }
        switch bytes[position] {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            position += 1
        case UInt8(ascii: "u"):
            position += 1
            for _ in 0..<4 { try passHexDigit(in: bytes) }
        default: throw fault("no escape begins like this; a backslash itself is written twice")
        }
    }

    private mutating func passHexDigit(in bytes: Span<UInt8>) throws(JSONFault) {
        guard position < bytes.count else { throw fault("the text ends inside a string") }
        guard JSONString.hexValue(bytes[position]) != nil else { throw fault("expected four hexadecimal digits") }
        position += 1
    }
}
