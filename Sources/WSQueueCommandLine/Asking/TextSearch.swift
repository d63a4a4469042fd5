internal import WSQueueOperation

extension StringProtocol {
    /// What follows the first `mark`; `nil` where there is none.
    ///
    /// The standard library's `firstRange(of:)` and `split(separator:)` for texts would do, but bring its regular
    /// expressions along: 0.9 MB of code in a server that has no other use for them.
    package func behind(_ mark: String) -> SubSequence? {
        var place = utf8.startIndex
        while place < utf8.endIndex {
            if utf8[place...].starts(with: mark.utf8) { return self[utf8.index(place, offsetBy: mark.utf8.count)...] }
            place = utf8.index(after: place)
        }
        return nil
    }
}
