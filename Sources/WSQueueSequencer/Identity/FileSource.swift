internal import WSQueueCore
package import WSQueueLog
package import WSQueueSpool
package import WSQueueSystem

/// What the events of one file have in common: its name, its times, and whose it is.
package struct FileSource {
    /// The file.
    package let file: PendingFile
    /// Who has published it.
    package let owner: EventOwner
    /// When it was changed last, Unix nanoseconds.
    package let modifiedNanoseconds: Int64
    /// Whether it has come with the times of another one, of which it is a copy.
    package let keepsTimes: Bool
    /// Whether its writer sets no other times any more: it has set them, or a server has had the file before. What a crash
    /// has left must not wait: it is known by its bytes only until its namesake is taken.
    package var hasItsTimes: Bool { keepsTimes || file.wasTaken }
    /// Whether a server before this one has taken it, and not deleted it.
    package var wasLeft: Bool { file.wasLeft }
    private let stem: [UInt8]
    private var present: [UInt8]

    /// The source of a file that was read.
    ///
    /// - Parameter stemCount: How much of its name counts; `nil` is all but the suffix.
    package init(_ file: PendingFile, _ status: FileStatus, owner: EventOwner, stemCount: Int? = nil) {
        self.file = file
        self.owner = owner
        modifiedNanoseconds = status.modifiedNanoseconds
        keepsTimes = status.changedNanoseconds - status.modifiedNanoseconds > JournalRecord.copyNanoseconds
        stem = Array(stemCount.map { file.stem.prefix($0) } ?? file.stem)
        present = stem
        if !file.isNameUsedOnce { setCount(1) }
    }

    /// The id of its event, or what the ids of its lines begin with, where they have none of their own; UTF-8.
    package var id: [UInt8] { present }

    /// Whether its name may be used again for another event.
    package var hasReusableName: Bool { !file.isNameUsedOnce }

    /// What it is noted by where its events have been submitted to the stream that several servers share.
    package func mark(_ contents: Span<UInt8>) -> FileMark {
        FileMark(modifiedNanoseconds, hasReusableName ? JournalRecord.Fingerprint(contents) : nil)
    }

    /// What tells all events of this name and mtime apart from others.
    package var base: JournalRecord.Identity { JournalRecord.Identity(id: id(count: 1), owner: owner) }

    /// The id of the `count`th event that has had this name and mtime.
    package func id(count: Int) -> [UInt8] {
        hasReusableName ? FileEventID.make(stem: stem, modifiedNanoseconds: modifiedNanoseconds, count: count) : stem
    }

    /// Makes it the `count`th event that has had this name and mtime.
    package mutating func setCount(_ count: Int) { present = id(count: count) }
}
