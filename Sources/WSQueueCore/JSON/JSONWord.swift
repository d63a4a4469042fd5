/// Eight bytes of a JSON string at once, the first one lowest.
enum JSONWord {
    /// The highest bit of each byte: set in all that is not ASCII.
    static let highBits: UInt64 = 0x8080_8080_8080_8080

    /// Has the highest bit set of each byte that a string has to escape: quote, backslash, controls.
    ///
    /// Of those that are set for ASCII, the lowest is right; those above it may come from a borrow. Those of other bytes
    /// mean nothing: mask them.
    @inline(__always)
    static func escapes(_ word: UInt64) -> UInt64 {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let quotes = (word ^ (ones &* UInt64(UInt8(ascii: "\"")))) &- ones
        let backslashes = (word ^ (ones &* UInt64(UInt8(ascii: "\\")))) &- ones
        return (quotes | backslashes | (word &- ones &* 0x20)) & highBits
    }
}
