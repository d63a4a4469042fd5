internal import WSQueueSystem

/// The file beside the segments that says for whom events were that are gone.
///
/// It is made anew before a segment goes, so that a server that is killed in between finds at its start what both say. It
/// is not brought to the disk: where a power cut leaves an older one, everything that it does not know of is gone for
/// everyone.
enum TrimmedFile {
    // Made each time: what is made once for the process would make runs of the simulation differ.
    private static var file: JournalSideFile { JournalSideFile("trimmed", title: "wsqtrim2") }

    /// Reads what is there of this numbering; `nil` where that is nothing, or not what was written.
    ///
    /// - Parameter limit: How many channels and users are remembered.
    static func read(in directory: Directory, epoch: String, limit: Int) throws(SystemCallError) -> HistoryMarks? {
        guard case .contents(let bytes) = try file.read(in: directory, epoch: epoch) else { return nil }
        return HistoryMarks(bytes.span, limit: limit)
    }

    /// Puts it in the place of what is there.
    static func write(_ marks: HistoryMarks, epoch: String, in directory: Directory) throws(SystemCallError) {
        try file.write(marks.bytes, epoch: epoch, in: directory, isDurable: false)
    }
}
