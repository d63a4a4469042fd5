/// An element of an array as it lies in its text.
package struct JSONElement: Equatable, Sendable {
    /// The element, all of it: a string with its quotes.
    package let value: Range<Int>
    /// What it is.
    package let kind: JSONKind
}

/// Reads the elements of an array, one a call; the array may be a value in a larger text.
package struct JSONArrayReader: Sendable {
    private var position: Int
    private let end: Int
    private var isFirst = true

    /// Makes a reader of the array in `token`, which has been scanned and so is known to be whole.
    package init(_ token: Range<Int>) {
        position = token.lowerBound + 1
        end = token.upperBound
    }

    /// Reads the next element; `nil` after the last.
    ///
    /// - Parameter bytes: The text, the same at each call.
    package mutating func next(in bytes: Span<UInt8>) throws(JSONFault) -> JSONElement? {
        var cursor = JSONCursor(position: position)
        cursor.skipSpace(in: bytes)
        guard !cursor.skip(UInt8(ascii: "]"), in: bytes), cursor.position < end else { return nil }
        guard isFirst || cursor.skip(UInt8(ascii: ","), in: bytes) else { throw cursor.fault("expected ',' or ']'") }
        isFirst = false
        cursor.skipSpace(in: bytes)
        let start = cursor.position
        let kind = try cursor.passValue(in: bytes, depth: 1)
        position = cursor.position
        return JSONElement(value: start..<cursor.position, kind: kind)
    }
}
