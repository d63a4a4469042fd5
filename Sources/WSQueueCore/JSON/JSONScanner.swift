/// Why a text is not JSON, and where.
package struct JSONFault: Error, Equatable, Sendable {
    /// One lower-case sentence without a full stop, such as `expected ':' after a member's name`.
    package let reason: String
    /// The offset of the first byte that cannot be, counted from 0.
    package let offset: Int

    /// Makes a fault from its two parts.
    package init(reason: String, offset: Int) {
        self.reason = reason
        self.offset = offset
    }
}

/// Checks JSON texts (RFC 8259) where they lie, without copying or recursion.
package enum JSONScanner {
    /// How deep arrays and objects may nest.
    package static let depthLimit = 512

    /// Checks that all of `bytes` is one JSON value in UTF-8, with white space around it allowed.
    package static func validate(_ bytes: Span<UInt8>) throws(JSONFault) {
        throw JSONFault(reason: "not written yet", offset: 0)
    }
}
