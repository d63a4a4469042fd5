package import WSQueueSystem

/// What of the journal has been written and may not be on the disk yet.
///
/// Any thread may bring it there, while the journal goes on.
package struct JournalSync: Sendable {
    private var segments: [JournalSegment] = []
    private var directories: [Directory] = []

    /// Nothing.
    package init() {}

    package var isEmpty: Bool { segments.isEmpty && directories.isEmpty }

    /// Adds what was written later.
    package mutating func add(_ later: JournalSync) {
        for segment in later.segments { add(segment) }
        for directory in later.directories { add(directory) }
    }

    /// Makes all of it survive a power cut, the records and the names of their files (fdatasync(2), fsync(2)).
    ///
    /// - Throws: What could not be done; it is to be tried again with all of it.
    package func run() throws(SystemCallError) {
        for segment in segments { try segment.sync() }
        for directory in directories {
            do throws(SystemCallError) {
                try directory.sync()
            } catch  where error.isUnsupported {
                // Not every file system knows what that is; those that do not have nothing better either.
            }
        }
    }

    mutating func add(_ segment: JournalSegment) {
        if !segments.contains(where: { $0 === segment }) { segments.append(segment) }
    }

    /// Adds the names in a directory.
    mutating func add(_ directory: Directory) {
        if !directories.contains(where: { $0 === directory }) { directories.append(directory) }
    }

    /// Adds the names of the segments that are kept there.
    mutating func add(_ storage: JournalStorage) {
        if case .directory(let directory) = storage { add(directory) }
    }
}
