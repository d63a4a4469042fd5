/// A member of an object as it lies in its text.
package struct JSONMember: Equatable, Sendable {
    /// What stands between the quotes of its name.
    package let name: Range<Int>
    /// Whether there is an escape in the name, so that it reads otherwise than its bytes.
    package let isNameEscaped: Bool
    /// Its value, all of it: a string with its quotes.
    package let value: Range<Int>
    /// What the value is.
    package let kind: JSONKind
}

/// Reads the members of the object that a JSON text is, one a call, and checks the text in the same pass.
///
/// Values are checked whole and passed over; another reader goes into them. After a fault a reader is of no more use.
package struct JSONObjectReader: Sendable {
    private var position = 0
    private var place = Place.beforeObject

    /// Makes a reader that stands before the text.
    package init() {}

    /// Reads the next member.
    ///
    /// - Parameter bytes: The text, the same at each call.
    /// - Returns: `nil` after the closing brace, when nothing but white space follows it.
    package mutating func next(in bytes: Span<UInt8>) throws(JSONFault) -> JSONMember? {
        guard place != .behindObject else { return nil }
        var cursor = JSONCursor(position: position)
        cursor.skipSpace(in: bytes)
        guard try comesToMember(&cursor, in: bytes) else {
            try finish(&cursor, in: bytes)
            return nil
        }
        let name = try cursor.passName(in: bytes)
        let start = cursor.position
        let kind = try cursor.passValue(in: bytes, depth: 1)
        position = cursor.position
        return JSONMember(
            name: name.contents, isNameEscaped: name.isEscaped, value: start..<cursor.position, kind: kind)
    }

    /// Passes what stands before a member; `false` after the closing brace.
    private mutating func comesToMember(_ cursor: inout JSONCursor, in bytes: Span<UInt8>) throws(JSONFault) -> Bool {
        let isFirst = place == .beforeObject
        if isFirst {
            guard cursor.skip(UInt8(ascii: "{"), in: bytes) else { throw cursor.notAnObject(in: bytes) }
            place = .inObject
            cursor.skipSpace(in: bytes)
        }
        if cursor.skip(UInt8(ascii: "}"), in: bytes) { return false }
        if isFirst { return true }
        guard cursor.skip(UInt8(ascii: ","), in: bytes) else {
            throw cursor.unexpected(in: bytes, "expected ',' or '}'")
        }
        cursor.skipSpace(in: bytes)
        return true
    }

    private mutating func finish(_ cursor: inout JSONCursor, in bytes: Span<UInt8>) throws(JSONFault) {
        cursor.skipSpace(in: bytes)
        guard cursor.position == bytes.count else {
            throw cursor.fault("expected nothing but white space behind the object")
        }
        place = .behindObject
    }

    private enum Place {
        case beforeObject, inObject, behindObject
    }
}

extension JSONCursor {
    /// The fault of a text that is something else.
    fileprivate func notAnObject(in bytes: Span<UInt8>) -> JSONFault {
        let isMarked = position == 0 && !bytes.isEmpty && bytes[0] == 0xEF
        return isMarked
            ? fault("expected an object, not a byte order mark; write UTF-8 without one")
            : unexpected(in: bytes, "expected an object")
    }
}
