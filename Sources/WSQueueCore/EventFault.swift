/// Why the text of an event was refused, and where.
package struct EventFault: Error, Equatable, Sendable {
    /// One lower-case sentence without a full stop: what is wrong and what is wanted.
    package let reason: String
    /// The offset of the byte where it is wrong, counted from 0.
    ///
    /// It is the number of bytes exactly where the text is good so far and only ends too early, as ``JSONFault`` says.
    package let offset: Int

    /// Makes a fault from its two parts.
    package init(reason: String, offset: Int) {
        self.reason = reason
        self.offset = offset
    }

    /// Makes a fault of the one that the JSON reader found.
    init(_ fault: JSONFault) { self.init(reason: fault.reason, offset: fault.offset) }
}
