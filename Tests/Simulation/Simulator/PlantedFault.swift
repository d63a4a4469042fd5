/// A fault that the simulator can put between the product and the kernel, to see that it is found.
///
/// Each makes the calls that arrive those of a product with the fault: a sync that is left out, an order that is another.
/// So they need no line in the product, and stand however its inside is rebuilt.
enum PlantedFault: String, CaseIterable {
    /// A file is deleted though the journal, which has its event, is not synced yet.
    case deletedBeforeSync = "deleted-before-sync"
    /// The directory is listed once and not twice, so that a publisher's second event is taken without the first.
    case oneListing = "one-listing"
    /// After a restart the server does not know the events that it has sent.
    case duplicatesUnknown = "duplicates-unknown"
    /// Events are sent before they are in the journal's file, which gets them with the next sync.
    case announcedBeforeWritten = "announced-before-written"
    /// What the journal's opening has found and repaired is not synced.
    case openingNotSynced = "opening-not-synced"
    /// After a power cut numbers go on behind the last one in the journal.
    case numbersNotSkipped = "numbers-not-skipped"
    /// After a failed sync the segment is synced again, and not written again.
    case syncOnlyRepeated = "sync-only-repeated"
    /// A record that the disk did not take is believed to be in the journal.
    case failedWriteBelieved = "failed-write-believed"
    /// A file that cannot be opened, because the machine is short of something, is taken for one that has gone.
    case refusalTakenForAbsence = "refusal-taken-for-absence"
    /// A publisher renames a file that it has not synced.
    case renamedBeforeSync = "renamed-before-sync"
    /// A publisher does not sync the directory.
    case directoryNotSynced = "directory-not-synced"
    /// A full queue of inotify is taken for an empty one.
    case overflowIgnored = "overflow-ignored"
    /// A thread is not woken by what comes after it has said that it will sleep and before it does.
    case signalLost = "signal-lost"
    /// Who publishes by HTTP is answered before the file has its name.
    case answeredBeforeRenamed = "answered-before-renamed"
    /// An event is sent some seconds before its time.
    case sentBeforeTime = "sent-before-time"
    /// A file that cannot be accepted is removed, and not set aside.
    case refusedRemoved = "refused-removed"
    /// A queue that another server has is taken all the same.
    case lockIgnored = "lock-ignored"
    /// Of two connections of one user one gets the events.
    case onlyOneConnection = "only-one-connection"
    /// A server does not hear signals that ask for something.
    case signalUnheard = "signal-unheard"
    /// What is in a queue that was away for a while is not listed.
    case returnNotListed = "return-not-listed"
    /// A consumer notes that it has dealt with an event before it does.
    case notedBeforeDone = "noted-before-done"
    /// All files are one user's, so that two users cannot give their events the same id.
    case oneUser = "one-user"
    /// Where a client's state ends, the next event does not come.
    case stateSeam = "state-seam"
    /// A client is told that it has everything though something of its own is gone.
    case gapUnsaid = "gap-unsaid"
    /// The state in segments that go is not carried forward.
    case stateNotCarried = "state-not-carried"
    /// A server does not look whether its fence was raised before it has a transaction carried out.
    case fenceUnchecked = "fence-unchecked"
    /// A server deletes its files when it has sent their events, and not when the stream has them.
    case outboxTrimmedEarly = "outbox-trimmed-early"
    /// A server does not read which files the process before it has put into the stream.
    case noteUnread = "note-unread"

    /// A server does not open the FIFO by which publishers see that it is there.
    case serverUnseen = "server-unseen"
    /// What servers tell each other of who is there is lost.
    case talkLost = "talk-lost"

    /// Whether it is one of several servers.
    var isOfNodes: Bool {
        switch self {
        case .fenceUnchecked, .outboxTrimmedEarly, .noteUnread, .talkLost: true
        default: false
        }
    }
}
