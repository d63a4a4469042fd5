internal import WSQueueSpool
internal import WSQueueSystem

/// A file that was read: its name, what it was, and the directory it was in, because by the time it is deleted another
/// one may stand at the path.
struct ReadFile {
    let name: FileName
    /// What it looked like; `nil` where its name is the contract's, which no publisher uses twice.
    let status: FileStatus?
    let directory: Directory
    let directoryIdentity: FileIdentity
    /// The number of its last event, or of the last event before it.
    let seq: UInt64

    init(_ file: PendingFile, _ status: FileStatus, _ reader: SpoolReader, seq: UInt64) {
        name = file.name
        self.status = file.isNamedByContract ? nil : status
        directory = reader.directory
        directoryIdentity = reader.identity
        self.seq = seq
    }
}
