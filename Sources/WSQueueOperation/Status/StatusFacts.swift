/// What the pages about the server say besides what its threads have written.
package struct StatusFacts {
    package let epoch: String
    /// The queue's directory, as the operator named it.
    package let queuePath: String
    /// The last number before the oldest event that is kept, and that of the newest.
    package let journalAfter: UInt64
    package let journalLast: UInt64
    package let journalBytes: Int
    /// How many keys have a state, how many bytes those are, and for how many events there was no room.
    package let keys: (count: Int, bytes: Int, refused: UInt64)
    /// Whether events may come by HTTP.
    package let takesPublications: Bool
    package let version: String
    /// When the server was started, Unix nanoseconds.
    package let startedAtUnix: Int64
    /// Lines that were folded into others or dropped.
    package let suppressedLines: Int
    /// Tokens that were refused, by reason.
    package let authFailures: [(String, UInt64)]
    /// How many descriptors the process may have.
    package let descriptorLimit: Int

    /// Makes them of their parts.
    package init(
        epoch: String, queuePath: String, journalAfter: UInt64, journalLast: UInt64, journalBytes: Int,
        keys: (count: Int, bytes: Int, refused: UInt64), takesPublications: Bool,
        version: String, startedAtUnix: Int64, suppressedLines: Int, authFailures: [(String, UInt64)],
        descriptorLimit: Int
    ) {
        self.epoch = epoch
        self.queuePath = queuePath
        self.journalAfter = journalAfter
        self.journalLast = journalLast
        self.journalBytes = journalBytes
        self.keys = keys
        self.takesPublications = takesPublications
        self.version = version
        self.startedAtUnix = startedAtUnix
        self.suppressedLines = suppressedLines
        self.authFailures = authFailures
        self.descriptorLimit = descriptorLimit
    }
}
