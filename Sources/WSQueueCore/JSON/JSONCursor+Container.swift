extension JSONCursor {
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
