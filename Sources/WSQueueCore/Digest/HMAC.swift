/// Proves that a message comes from a holder of a secret, and is unchanged (RFC 2104).
package struct HMAC: Sendable {
    private let digest: SHA2
    private let innerBlock: [UInt8]
    private let outerBlock: [UInt8]

    /// Makes the proof's maker.
    ///
    /// - Parameter key: The secret, of any length; it should be as long as a digest.
    package init(_ digest: SHA2, key: Span<UInt8>) {
        self.digest = digest
        var block = key.count > digest.blockBytes ? digest.digest(key) : [UInt8](key)
        block.append(contentsOf: [UInt8](repeating: 0, count: digest.blockBytes - block.count))
        innerBlock = block.map { $0 ^ 0x36 }
        outerBlock = block.map { $0 ^ 0x5C }
    }

    /// The code of a message, as long as a digest.
    package func code(of message: Span<UInt8>) -> [UInt8] {
        var inner = innerBlock
        inner.append(contentsOf: [UInt8](message))
        let outer = outerBlock + digest.digest(inner.span)
        return digest.digest(outer.span)
    }

    /// Whether `code` is the message's. How long the answer takes tells nothing about where they differ.
    package func isValid(_ code: Span<UInt8>, for message: Span<UInt8>) -> Bool {
        let expected = self.code(of: message)
        return Self.isEqual(expected.span, code)
    }

    /// Compares secrets: how long it takes depends on their lengths only.
    package static func isEqual(_ one: Span<UInt8>, _ other: Span<UInt8>) -> Bool {
        guard one.count == other.count else { return false }
        var difference: UInt8 = 0
        for index in one.indices { difference |= one[index] ^ other[index] }
        return difference == 0
    }
}
