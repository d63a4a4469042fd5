/// Names of members that were most likely meant to be others (SPEC §3).
///
/// An event with `"chanel"` would go to everybody: it is refused, and the refusal names the member that was meant.
enum EventSlip {
    /// The member that was meant by a name that is none of theirs; `nil` where it is somebody else's and to be ignored.
    ///
    /// - Parameter name: Decoded.
    static func meant(by name: Span<UInt8>) -> EventMember? {
        guard name.count <= longestName, let folded = FoldedName(name) else { return nil }
        for (other, member) in others where other == folded { return member }
        var nearest: EventMember?
        for (member, letters) in members where letters.first == folded.first {
            if letters == folded { return member }
            // Shorter words have too many neighbours that are words of their own.
            guard letters.count >= 7, folded.isOneEdit(from: letters) else { continue }
            // Of two that are as near, a letter is sooner wrong than missing or too many.
            if nearest == nil || letters.count == folded.count { nearest = member }
        }
        return nearest
    }

    /// No slip is longer: twice the longest member, for separators.
    private static let longestName = 24

    private static let members: [(EventMember, FoldedName)] = EventMember.allCases.compactMap { member in
        FoldedName(member.rawValue).map { (member, $0) }
    }

    /// What is more than one letter away and yet a slip, and what is less and none.
    private static let others: [(FoldedName, EventMember?)] = {
        let words: [(String, EventMember?)] = [("exept", .except), ("expires", .expiresAt), ("payloads", nil)]
        return words.compactMap { word, member in FoldedName(word).map { ($0, member) } }
    }()
}

/// A name without `_` and `-`, its letters small, five bits for each: names are compared as numbers.
private struct FoldedName: Equatable {
    private var letters: UInt64 = 0
    private(set) var count = 0

    init?(_ name: String) { self.init(Array(name.utf8).span) }

    /// Folds a name; `nil` where nothing is left, or more than any slip has.
    init?(_ name: Span<UInt8>) {
        for index in name.indices {
            let byte = name[index]
            if byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-") { continue }
            guard count < Self.limit else { return nil }
            let place = (byte | 0x20) &- UInt8(ascii: "a")
            // What is no letter is one that no member has.
            letters |= UInt64(place < 26 ? place + 1 : 31) << UInt64(Self.bits * count)
            count += 1
        }
        if count == 0 { return nil }
    }

    var first: UInt64 { letters & Self.mask }

    /// Whether one letter is wrong, missing or too many, or two neighbours are swapped.
    func isOneEdit(from other: FoldedName) -> Bool {
        let start = (letters ^ other.letters).trailingZeroBitCount / Self.bits
        switch count - other.count {
        case 0:
            if rest(from: start + 1) == other.rest(from: start + 1) { return true }
            return letter(start) == other.letter(start + 1) && letter(start + 1) == other.letter(start)
                && rest(from: start + 2) == other.rest(from: start + 2)
        case 1: return rest(from: start + 1) == other.rest(from: start)
        case -1: return rest(from: start) == other.rest(from: start + 1)
        default: return false
        }
    }

    private static let bits = 5
    private static let mask: UInt64 = 31
    /// Twelve of five bits fit into 64; the longest member has eleven.
    private static let limit = 12

    private func letter(_ index: Int) -> UInt64 { rest(from: index) & Self.mask }
    private func rest(from index: Int) -> UInt64 { letters >> UInt64(Self.bits * index) }
}
