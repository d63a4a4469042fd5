internal import WSQueueSequencer
internal import WSQueueSpool
internal import WSQueueSystem

/// A file that was read: its name, what it was, and the directory it was in, because by the time it is deleted another
/// one may stand at the path.
struct ReadFile {
    let name: FileName
    /// What was read; `nil` where its name is the contract's, which no publisher uses twice.
    let mark: ReadMark?
    let directory: Directory
    let directoryIdentity: FileIdentity
    /// The number of its last event, or of the last event before it.
    let seq: UInt64
    /// How far a batch was read.
    let progress: BatchProgress?

    init(_ file: PendingFile, _ mark: ReadMark?, _ reader: SpoolReader, seq: UInt64, progress: BatchProgress? = nil) {
        name = file.name
        self.mark = mark
        directory = reader.directory
        directoryIdentity = reader.identity
        self.seq = seq
        self.progress = progress
    }

    /// The same file under the name that it has by now.
    init(_ other: ReadFile, _ name: FileName, _ mark: ReadMark) {
        self.name = name
        self.mark = mark
        directory = other.directory
        directoryIdentity = other.directoryIdentity
        seq = other.seq
        progress = other.progress
    }

    /// What is to be compared before a file goes; `nil` for names of the contract.
    static func mark(_ file: PendingFile, _ status: FileStatus, _ contents: Span<UInt8>) -> ReadMark? {
        file.isNamedByContract ? nil : ReadMark(status, contents, isBatch: file.isBatch)
    }
}

/// How far a batch was read, so that what is written behind it is read on from there.
///
/// A class, because most files are none: thousands wait for their deletion.
final class BatchProgress {
    /// What was read.
    let mark: ReadMark
    /// How many lines precede the next: of a last line without its end the end is still to come.
    let lines: Int
    /// What it was when it was first read: its lines are known by that.
    let source: FileSource

    init(mark: ReadMark, lines: Int, source: FileSource) {
        self.mark = mark
        self.lines = lines
        self.source = source
    }
}
