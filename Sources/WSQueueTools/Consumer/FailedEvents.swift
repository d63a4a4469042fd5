internal import WSQueueCore
internal import WSQueueSpool
internal import WSQueueSystem

/// Events that a durable consumer's command has refused: a directory beside the cursor's file, in the format of a queue, so
/// that `wsqueue-server queue` shows and removes what is in it. Each has its reason beside it.
struct FailedEvents {
    let path: String

    private static let directoryMode: UInt32 = 0o700
    private static let mode: UInt32 = 0o600

    /// Works at a path; the directory is made when the first event comes.
    init(beside file: String) { path = "\(file).failed" }

    /// Writes an event and its reason to the disk. One that is here already, because its consumer was killed before it
    /// could note that, is not written again.
    ///
    /// - Returns: Where it is.
    func keep(_ event: ConsumedEvent, reason: String) throws(SystemCallError) -> String {
        if try Directory.makeIfMissing(path, mode: Self.directoryMode) { try Directory.open(path).syncName() }
        let directory = try Directory.open(path)
        let place = SpoolPlace(identity: event.identity)
        let name = FileName("\(SpoolStem(identity: event.identity))\(SpoolSuffix.event.rawValue)")
        // First, so that it is there as soon as the event is.
        try write(reason, beside: name, in: directory)
        let writer = SpoolWriter(directory, mode: Self.mode, durability: .full)
        do throws(SpoolWriteError) {
            _ = try writer.write(event.message.span, suffix: .event, at: place)
        } catch {
            throw error.cause
        }
        return directory.path(of: name)
    }

    private func write(_ reason: String, beside name: FileName, in directory: Directory) throws(SystemCallError) {
        do throws(SystemCallError) {
            let file = try directory.createFile(name.appending(".why"), mode: Self.mode)
            try file.writeAll(Array("\(reason)\n".utf8).span, object: directory.path(of: name))
        } catch  where error.isExisting {
            return
        }
    }
}
