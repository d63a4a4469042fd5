package import WSQueueSystem

/// `.taken-<random>-<name>`: the name of a file on its way to deletion, under which no publisher writes.
package enum TakenName {
    private static let prefix = ".taken-"
    // Made once: each notice of a name asks.
    private static let prefixBytes = Array(prefix.utf8)
    private static let randomCount = 8
    /// How many bytes stand before the name that it had.
    package static let prefixCount = 16
    /// The longest name there can be.
    static let limitBytes = 255

    /// A new one for a file. Of a name that would be too long the beginning is left out.
    package static func make(for name: FileName) -> FileName {
        let kept = name.bytes.suffix(limitBytes - prefixCount)
        let bytes = Array("\(prefix)\(RandomText.make(count: randomCount))-".utf8) + kept
        return FileName(bytes.span)
    }

    /// Whether a name is one.
    package static func isOne(_ name: borrowing Span<UInt8>) -> Bool {
        guard name.count > prefixCount, name[prefixCount - 1] == UInt8(ascii: "-") else { return false }
        return prefixBytes.indices.allSatisfy { name[$0] == prefixBytes[$0] }
    }

    /// The name that the file had.
    package static func original(_ name: FileName) -> FileName {
        let bytes = Array(name.bytes.dropFirst(prefixCount))
        return FileName(bytes.span)
    }
}
