internal import WSQueueBroker
internal import WSQueueCore
internal import WSQueueLog
internal import WSQueueNet
internal import WSQueueOperation
internal import WSQueueRedis
internal import WSQueueSequencer
internal import WSQueueSpool
internal import WSQueueSystem

/// Files on their way into the stream that several servers share. They are deleted when it has their events.
extension SpoolPump {
    /// Whether files may be taken from the queue: always, where no stream is shared.
    var mayQueue: Bool {
        guard let stream else { return true }
        // No further ahead of what this server has read itself than half of what the stream keeps.
        let ahead = UInt64(max(1, context.configuration.journalEvents / 2))
        return stream.sentFiles != nil && stream.outbox.hasRoom && stream.writtenSeq < broker.seq + ahead
    }

    /// Adds the events of a file to the next transaction, together.
    ///
    /// - Parameter events: With where the text of each lies in `bytes`.
    mutating func queue(
        _ events: [(event: SpooledEvent, range: Range<Int>)], of file: ReadFile, _ status: FileStatus,
        _ bytes: Span<UInt8>, unix: Int64
    ) {
        guard let number = stream?.outbox.number else { return }
        var isEmpty = true
        for (event, range) in events {
            let text = bytes.extracting(range)
            if journal.knows(event.identity(in: text)) {
                writeDuplicate(event, text)
            } else if let end = event.text.expiresAtMicroseconds, unix / 1_000 > end {
                writeExpired(event, text, unix: unix)
            } else {
                stream?.outbox.add(event, text)
                isEmpty = false
            }
        }
        if isEmpty { return delete(file) }
        stream?.outbox.add(file.name, status)
        deletions.add(file, end: number)
    }

    /// Adds a batch that has been checked.
    mutating func queueBatch(
        _ file: PendingFile, _ stem: [UInt8], _ status: FileStatus, _ reader: SpoolReader, unix: Int64
    ) {
        let contents = reader.takeContents()
        var lines = BatchLines()
        var events: [(SpooledEvent, Range<Int>)] = []
        while let line = lines.next(in: contents.span) {
            guard let text = try? EventFile.decode(contents.span.extracting(line.range)) else { continue }
            let event = SpooledEvent(
                text: text, stem: stem, line: line.number, file: file, modifiedNanoseconds: status.modifiedNanoseconds)
            events.append((event, line.range))
        }
        queue(
            events, of: ReadFile(file, status, reader, seq: broker.seq), status, contents.span, unix: unix)
    }

    /// Hands the next transaction over, if none is under way.
    mutating func sendQueued() {
        guard let batch = stream?.outbox.take() else { return }
        stream?.link.post(.write(batch))
    }

    /// Whether the process before this one has put a file into the stream.
    func wasSent(_ file: PendingFile, _ status: FileStatus) -> Bool {
        guard let files = stream?.sentFiles, !files.isEmpty else { return false }
        return files[Array(file.name.bytes)] == status.modifiedNanoseconds
    }
}
