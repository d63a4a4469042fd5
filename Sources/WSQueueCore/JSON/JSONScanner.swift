/// Checks JSON texts (RFC 8259) where they lie, without copying or recursion.
package enum JSONScanner {
    /// How deep arrays and objects may nest.
    package static let depthLimit = 512

    /// Checks that all of `bytes` is one JSON value in UTF-8, with white space around it allowed.
    ///
    /// Escapes of half a surrogate pair (`\ud800`) are grammatical and pass; a byte order mark is not and does not.
    package static func validate(_ bytes: Span<UInt8>) throws(JSONFault) {
        var cursor = JSONCursor()
        cursor.skipSpace(in: bytes)
        _ = try cursor.passValue(in: bytes, depth: 0)
        cursor.skipSpace(in: bytes)
        guard cursor.position == bytes.count else {
            throw cursor.fault("expected nothing but white space behind the value")
        }
    }
}
