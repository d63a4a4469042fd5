/// The files that a server finds in its queue when it starts: of some the one before it has sent the events, and only the
/// journal knows. Until they are gone, what that one has recorded stays, as long as the journal is not larger than it may
/// be by all that can wait for a disk.
struct FoundFiles {
    private let limitBytes: Int
    /// The last number when all of them had been looked at.
    private var seq: UInt64?
    private var areGone: Bool

    /// So much of what was sent may have files yet.
    private static let unsyncedBytes = 64 * 1_048_576

    /// - Parameters:
    ///   - limitBytes: How large the journal may be.
    ///   - past: How many events it knew when it was opened. Without any it knows of no file, and nothing has to stay.
    init(limitBytes: Int, past: Int) {
        self.limitBytes = limitBytes
        areGone = past == 0
    }

    /// Notes how far they have got.
    ///
    /// - Parameters:
    ///   - isThrough: Whether the queue has been listed, and nothing waits in it now.
    ///   - seq: The number of the last event.
    ///   - finished: Up to this number all events' files are gone; `nil` where no file waits for its deletion.
    mutating func note(isThrough: Bool, seq last: UInt64, finished: UInt64?) {
        guard !areGone else { return }
        if seq == nil, isThrough { seq = last }
        if let seq, finished ?? .max >= seq { areGone = true }
    }

    /// Whether a journal of this size may not lose anything yet.
    func needAll(_ journalBytes: Int) -> Bool { !areGone && journalBytes - Self.unsyncedBytes < limitBytes }
}
