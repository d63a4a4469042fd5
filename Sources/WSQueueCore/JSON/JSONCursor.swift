/// A string of a JSON text as it lies there.
struct JSONStringToken {
    /// What stands between the quotes.
    let contents: Range<Int>
    /// Whether there is a backslash in it, so that the text differs from the bytes.
    let isEscaped: Bool
}

/// A place in a JSON text, moved forward over one construct at a time.
///
/// Each `pass…` begins at the first byte of its construct and ends after the last; white space is passed only where its
/// name says so. A fault leaves the place somewhere before it.
struct JSONCursor {
    /// The offset of the next byte.
    private(set) var position = 0

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

    // Arrays and objects.

    /// Passes an array or an object with all that is in it.
    ///
    /// - Parameter depth: How many arrays and objects are open around it.
    mutating func passContainer(in bytes: Span<UInt8>, depth: Int) throws(JSONFault) {
        var nesting = JSONNesting(outer: depth)
        repeat {
            if try opens(&nesting, in: bytes) { continue }
            try passSeparators(&nesting, in: bytes)
        } while !nesting.isEmpty
    }

    /// Passes what stands before a first element, or a scalar.
    ///
    /// - Returns: Whether a value follows at once: `false` after a scalar, and in a container that is empty.
    private mutating func opens(_ nesting: inout JSONNesting, in bytes: Span<UInt8>) throws(JSONFault) -> Bool {
        let isObject = position < bytes.count && bytes[position] == UInt8(ascii: "{")
        guard isObject || (position < bytes.count && bytes[position] == UInt8(ascii: "[")) else {
            _ = try passScalar(in: bytes)
            return false
        }
        guard nesting.push(isObject: isObject) else {
            throw fault("more than \(JSONScanner.depthLimit) arrays and objects inside each other")
        }
        position += 1
        skipSpace(in: bytes)
        if position < bytes.count, bytes[position] == nesting.closingByte { return false }
        if isObject { _ = try passName(in: bytes) }
        return true
    }

    /// After a value: passes what closes here, then the comma and what stands before the next value.
    private mutating func passSeparators(
        _ nesting: inout JSONNesting, in bytes: Span<UInt8>
    ) throws(JSONFault) {
        while !nesting.isEmpty {
            skipSpace(in: bytes)
            if skip(nesting.closingByte, in: bytes) {
                nesting.pop()
                continue
            }
            guard skip(UInt8(ascii: ","), in: bytes) else {
                throw unexpected(in: bytes, nesting.isObject ? "expected ',' or '}'" : "expected ',' or ']'")
            }
            skipSpace(in: bytes)
            if nesting.isObject { _ = try passName(in: bytes) }
            return
        }
    }

    // Strings.

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

/// The arrays and objects that are open, one bit each: no recursion, and no memory that the text decides about.
private struct JSONNesting {
    private var bits = InlineArray<8, UInt64>(repeating: 0)
    private var depth: Int
    private let outer: Int
    /// Whether the innermost is an object.
    private(set) var isObject = false

    /// Makes an empty stack inside of `outer` open containers.
    init(outer: Int) {
        self.outer = outer
        depth = outer
    }

    var isEmpty: Bool { depth == outer }

    /// What ends the innermost.
    var closingByte: UInt8 { isObject ? UInt8(ascii: "}") : UInt8(ascii: "]") }

    /// Opens one more; `false` where the limit forbids it.
    mutating func push(isObject: Bool) -> Bool {
        guard depth < JSONScanner.depthLimit else { return false }
        let bit: UInt64 = 1 << UInt64(depth % 64)
        if isObject { bits[depth / 64] |= bit } else { bits[depth / 64] &= ~bit }
        depth += 1
        self.isObject = isObject
        return true
    }

    /// Closes the innermost.
    mutating func pop() {
        depth -= 1
        guard !isEmpty else { return }
        isObject = bits[(depth - 1) / 64] >> UInt64((depth - 1) % 64) & 1 == 1
    }
}
