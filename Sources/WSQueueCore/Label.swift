/// The name of an event, an id, or a user's id: 1 to 255 bytes of UTF-8 without control characters.
///
/// Control characters are all of Unicode's category Cc: C0, DEL and C1. They go to terminals and logs, and U+009B steers
/// a terminal just as ESC does. Labels are compared byte by byte; as strings, two users whose ids differ only in their
/// Unicode normalisation would be one.
package struct Label: Hashable, Sendable {
    /// The longest label, in bytes of UTF-8.
    package static let limitBytes = 255

    /// The label in UTF-8.
    package let bytes: [UInt8]

    /// Makes a label of a text; `nil` where it breaks the rule.
    package init?(_ text: String) {
        guard Label.isValid(text.utf8.span) else { return nil }
        bytes = Array(text.utf8)
    }

    /// Makes a label of bytes that ``isValid(_:)`` has accepted.
    init(checked bytes: [UInt8]) { self.bytes = bytes }

    /// The label as a string; compare labels, not these.
    package var text: String { String(decoding: bytes, as: UTF8.self) }

    /// Answers whether `bytes`, which are well-formed UTF-8, may be a label.
    package static func isValid(_ bytes: Span<UInt8>) -> Bool {
        !bytes.isEmpty && bytes.count <= limitBytes && !hasControl(bytes)
    }

    private static func hasControl(_ bytes: Span<UInt8>) -> Bool {
        for index in bytes.indices {
            let byte = bytes[index]
            if byte < 0x20 || byte == 0x7F { return true }
            // U+0080 to U+009F are C2 80 to C2 9F.
            if byte == 0xC2, index + 1 < bytes.count, bytes[index + 1] < 0xA0 { return true }
        }
        return false
    }
}
