/// Why a text is not JSON, and where.
package struct JSONFault: Error, Equatable, Sendable {
    /// One lower-case sentence without a full stop, such as `expected ':' after a member's name`.
    package let reason: String
    /// The offset of the first byte that cannot be, counted from 0.
    ///
    /// It is the number of bytes exactly where the text is good so far and only ends too early: a file that somebody is
    /// still writing looks like that.
    package let offset: Int

    /// Makes a fault from its two parts.
    package init(reason: String, offset: Int) {
        self.reason = reason
        self.offset = offset
    }
}
