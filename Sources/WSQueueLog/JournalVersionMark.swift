internal import WSQueueCore
package import WSQueueSystem

/// Why a journal cannot be opened.
package enum JournalOpeningError: Error, Equatable {
    /// A system call has failed.
    case failed(SystemCallError)
    /// A later server has written what is at this path.
    case newer(path: String)
}

/// The directory beside the segments that keeps servers from opening a journal whose records they cannot read.
///
/// Servers before 0.2 take segments of another format for damaged and begin their numbering anew; but what is called
/// `….segment` and cannot be opened as a file ends their start, with its name in the message.
enum JournalVersionMark {
    private static let prefix = "version-"
    private static let name = FileName("version-2-needs-wsqueue-0.2-or-newer\(JournalStorage.suffix)")

    /// The version that a name says, where it is such a mark.
    static func version(of name: FileName) -> Int? {
        let text = name.description
        guard text.hasPrefix(prefix) else { return nil }
        return Int(text.dropFirst(prefix.utf8.count).prefix { $0 != "-" })
    }

    /// Makes the mark durable, before the first segment of the newest format is made.
    static func make(in directory: Directory) throws(SystemCallError) {
        do {
            try directory.makeDirectory(name, mode: 0o700)
        } catch  where error.isExisting {
            return
        }
        do {
            try directory.sync()
        } catch  where error.isUnsupported {}
    }
}
