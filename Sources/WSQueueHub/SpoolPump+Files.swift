internal import WSQueueBroker
internal import WSQueueCore
internal import WSQueueLog
internal import WSQueueOperation
internal import WSQueueRedis
internal import WSQueueSequencer
internal import WSQueueSpool
internal import WSQueueSystem
internal import WSQueueWire

/// What becomes of a file.
extension SpoolPump {
    /// Reads a file, and appends its event or judges it.
    mutating func accept(_ file: PendingFile, _ reader: SpoolReader, now: Int64, unix: Int64) {
        let configuration = context.configuration
        let limit = file.isBatch ? configuration.batchLimitBytes : configuration.eventLimitBytes
        if isResting(file, reader, now: now, unix: unix) { return queue.finish(file.name) }
        let outcome = reader.read(file.name, limitBytes: limit)
        readBytes += reader.contents.count
        switch outcome {
        case .gone:
            queue.finish(file.name)
            unfinished.forget(file.name)
            failing[file.name] = nil
        case .failed(let error):
            // Nobody can say yet whether it is good: it stays, and is looked at again. Said once for each reason.
            if failing.updateValue(error.code, forKey: file.name) != error.code {
                context.log.write(LogLine(.warning, "queue.unreadable").with("error", error.description))
            }
            queue.finish(file.name)
        case .fault(let fault, let status):
            judge(fault, status, file, reader, now: now, unix: unix)
        case .contents(let status):
            if !failing.isEmpty { failing[file.name] = nil }
            guard UTF8Validator.isValid(file.stem.span) else {
                return judge(.name, status, file, reader, now: now, unix: unix)
            }
            if wasSent(file, status) { return delete(ReadFile(file, status, reader, seq: broker.seq)) }
            let stem = Array(file.stem)
            if file.isBatch {
                acceptBatch(file, stem, status, reader, now: now, unix: unix)
            } else {
                acceptEvent(file, stem, status, reader, now: now, unix: unix)
            }
        }
    }

    /// Appends lines of the batch, as long as the log has room and ends before `limit`; behind the last one, the file is
    /// done.
    mutating func appendBatch(upTo limit: UInt64, unix: Int64) {
        // Moved out while it is used, so that what it holds is not copied.
        guard var current = batch.take() else { return }
        let contents = current.contents
        // Asked once: what a pass appends is little beside the room there is.
        let end = min(limit, roomEnd)
        let present = Clock.unixNanoseconds()
        while writer.position < end {
            guard let line = current.lines.next(in: contents.span) else {
                let file = ReadFile(current.file, current.status, current.reader, seq: broker.seq)
                return deletions.add(file, end: writer.position)
            }
            let bytes = contents.span.extracting(line.range)
            guard let text = current.nextText(bytes) else { continue }
            if line.number <= current.knownLines { continue }
            let event = SpooledEvent(
                text: text, stem: current.stem, line: line.number, file: current.file,
                modifiedNanoseconds: current.status.modifiedNanoseconds)
            if let settled = append(event, bytes, present: present, unix: unix) {
                settlement.add(settled, end: writer.position)
            }
        }
        batch = current
    }

    /// Tries again what could neither be deleted nor moved; a file that is another one by now is an event of its own.
    mutating func retryStuckFiles(_ reader: SpoolReader) {
        for (name, look) in undeletable
        where hasChanged(name, look, reader) || (try? reader.directory.remove(name)) != nil {
            undeletable[name] = nil
            queue.finish(name)
            listingCause = .retry
        }
        for (name, look) in immovable where hasChanged(name, look, reader) {
            immovable[name] = nil
            queue.finish(name)
            listingCause = .retry
        }
    }

    /// Whether a file is gone or another one.
    private func hasChanged(_ name: FileName, _ look: Unfinished.Look, _ reader: SpoolReader) -> Bool {
        guard let status = try? reader.directory.status(of: name) else { return true }
        return Unfinished.Look(status) != look
    }

    private mutating func acceptEvent(
        _ file: PendingFile, _ stem: [UInt8], _ status: FileStatus, _ reader: SpoolReader, now: Int64, unix: Int64
    ) {
        let contents = reader.contents
        let bytes = contents.span
        do throws(EventFault) {
            let event = SpooledEvent(
                text: try EventFile.decode(bytes), stem: stem, file: file,
                modifiedNanoseconds: status.modifiedNanoseconds)
            try checkRoom(event.text, byteCount: bytes.count)
            unfinished.forget(file.name)
            if stream != nil {
                let read = ReadFile(file, status, reader, seq: broker.seq)
                return queue([(event, 0..<bytes.count)], of: read, status, bytes, unix: unix)
            }
            let start = writer.position
            let settled = append(event, bytes, present: Clock.unixNanoseconds(), unix: unix)
            let read = ReadFile(file, status, reader, seq: broker.seq)
            // An event that is not sent waits for nobody, but that it is known may not be on the disk yet.
            if writer.position == start, isSynced { return delete(read) }
            if let settled { settlement.add(settled, end: writer.position) }
            deletions.add(read, end: writer.position)
        } catch {
            let fault = SpoolFault.content(reason: error.reason, offset: error.offset, line: nil)
            judge(fault, status, file, reader, now: now, unix: unix)
        }
    }

    private mutating func acceptBatch(
        _ file: PendingFile, _ stem: [UInt8], _ status: FileStatus, _ reader: SpoolReader, now: Int64, unix: Int64
    ) {
        if !isFinished(file, status, reader), !hasRested(file, status, now: now, unix: unix) {
            return queue.finish(file.name)
        }
        var lines = BatchLines()
        var hasEvents = false
        var knownLines = 0
        var texts: [EventText] = []
        let mayBeBegun = mayBeBegun(status)
        let contents = reader.contents
        while let line = lines.next(in: contents.span) {
            // Lines of a batch are about as long as the first: what grows step by step is copied each time.
            if !hasEvents { texts.reserveCapacity(min(Batch.keptTexts, contents.count / line.range.count + 1)) }
            hasEvents = true
            let bytes = contents.span.extracting(line.range)
            do throws(EventFault) {
                guard bytes.count <= context.configuration.eventLimitBytes else {
                    let limit = context.configuration.eventLimitBytes
                    throw EventFault(reason: "an event larger than the limit of \(limit) bytes", offset: 0)
                }
                let text = try EventFile.decode(bytes)
                try checkRoom(text, byteCount: bytes.count)
                if texts.count < Batch.keptTexts { texts.append(text) }
                guard mayBeBegun else { continue }
                let event = SpooledEvent(
                    text: text, stem: stem, line: line.number, file: file,
                    modifiedNanoseconds: status.modifiedNanoseconds)
                if journal.knows(event.lineIdentity ?? event.identity(in: bytes)) { knownLines = line.number }
            } catch {
                let fault = SpoolFault.content(reason: error.reason, offset: error.offset, line: line.number)
                return judge(fault, status, file, reader, now: now, unix: unix)
            }
        }
        guard hasEvents else {
            let fault = SpoolFault.content(reason: "no event in it; a batch has one a line", offset: 0, line: nil)
            return judge(fault, status, file, reader, now: now, unix: unix)
        }
        unfinished.forget(file.name)
        if stream != nil {
            return queueBatch(file, stem, status, reader, unix: unix)
        }
        let begun = Batch(
            file: file, stem: stem, contents: reader.takeContents(), status: status, reader: reader,
            knownLines: knownLines, texts: texts)
        if knownLines > 0 { writeDuplicateLines(begun) }
        batch = begun
    }

    /// Whether a server before this one may have sent lines of a batch. The journal knows the last of them, but of a
    /// large batch no longer the first.
    private func mayBeBegun(_ status: FileStatus) -> Bool {
        stream == nil && context.journal.inheritedSeq > 0 && status.changedNanoseconds < startedAt
    }

    /// Whether a batch is whole. One that is written in place may end at any line and still look like a good one, so
    /// there must be a reason to think so: a notice, a name by the contract, no writer, or a change of the inode after
    /// the contents, which a rename leaves. Without one it gets time to rest.
    private func isFinished(_ file: PendingFile, _ status: FileStatus, _ reader: SpoolReader) -> Bool {
        if file.isNoticed || file.isNamedByContract { return true }
        if let isBeingWritten = reader.isBeingWritten(file.name) { return !isBeingWritten }
        return status.changedNanoseconds != status.modifiedNanoseconds
    }

    /// Refuses an event whose copies, one for each channel, would not fit into the log together.
    func checkRoom(_ text: EventText, byteCount: Int) throws(EventFault) {
        let copies = max(1, text.channels.count)
        guard copies > 1, copies * (byteCount + 1_024) > eventRoomBytes else { return }
        throw EventFault(
            reason: "\(copies) channels of \(byteCount) bytes are more than one event may take; publish it in parts",
            offset: 0)
    }

    /// Gives an event its place in the log.
    ///
    /// - Parameters:
    ///   - place: The number it has already, where several servers share one order.
    ///   - present: Until when it has waited, Unix nanoseconds.
    ///   - unix: When this pass began, Unix nanoseconds.
    /// - Returns: What is to be said and counted once it is handed out; `nil` when there is nothing to say.
    mutating func append(
        _ event: SpooledEvent, _ bytes: Span<UInt8>, place: UInt64? = nil, present: Int64, unix: Int64
    ) -> Settled? {
        let identity = event.identity(in: bytes)
        if journal.knows(identity) {
            counters.duplicates += 1
            writeDuplicate(event, bytes)
            return nil
        }
        let decision = broker.publish(
            event.addressing, expiresAtSeconds: event.text.expiresAtMicroseconds.map { Double($0) / 1_000_000 },
            nowSeconds: Double(unix) / 1_000_000_000, place: place)
        guard case .send(let seq, let audiences) = decision else {
            writeExpired(event, bytes, unix: unix)
            return nil
        }
        var selections: [PublicationLog.Selection] = []
        let start = writer.position
        for audience in audiences {
            message.write(event.text, event.fields(seq: seq, channel: audience.channel), in: bytes)
            if let selection = appendMessage(seq: seq, audience: audience) { selections.append(selection) }
        }
        stage(event, identity, bytes, seq: seq, unix: unix)
        let wait = event.waited(until: present)
        figures.count(waitNanoseconds: wait)
        counters.waits.count(nanoseconds: wait)
        guard lines.takesOwnLine(unix: unix) else {
            counters.summedLines += 1
            lines.count(byteCount: Int(writer.position - start), waitNanoseconds: wait)
            return selections.isEmpty ? nil : Settled(selections: selections)
        }
        let sent = SentEvent(
            id: event.id(in: bytes), seq: seq, name: event.name(in: bytes),
            channels: event.text.channels.map(\.name), byteCount: Int(writer.position - start),
            waitNanoseconds: wait, clientCount: context.marks.clients, file: event.fileName?.description)
        return Settled(sent: sent, selections: selections)
    }

    /// Says that an event came too late.
    mutating func writeExpired(_ event: SpooledEvent, _ bytes: Span<UInt8>, unix: Int64) {
        counters.expired += 1
        lines.writeExpired(
            id: event.id(in: bytes), name: event.name(in: bytes), file: event.fileName?.description ?? "", unix: unix)
    }

    /// Appends the message written last as one text frame, once for all clients.
    @discardableResult
    mutating func appendMessage(seq: UInt64, audience: Audience) -> PublicationLog.Selection? {
        let text = message.message
        let bytes = text.span
        let header = FrameEncoder.headerLength(payloadLength: bytes.count)
        return writer.append(byteCount: header + bytes.count, seq: seq, audience: audience) { output in
            FrameEncoder.writeHeader(.text, payloadLength: bytes.count, to: &output)
            output.append(memory: bytes)
        }
    }

    /// Decides about a file that cannot be delivered as it is: it gets time while it changes, then it is set aside.
    private mutating func judge(
        _ fault: SpoolFault, _ status: FileStatus, _ file: PendingFile, _ reader: SpoolReader, now: Int64, unix: Int64
    ) {
        let look = Unfinished.Look(status)
        if immovable[file.name] == look { return }
        guard hasRested(file, status, now: now, unix: unix) else { return queue.finish(file.name) }
        do {
            let moved = try reader.quarantine(file.name, reason: fault.reason, unix: unix)
            queue.finish(file.name)
            counters.rejected += 1
            context.log.write(
                LogLine(.warning, "event.rejected").with("file", file.name.description).with("reason", fault.reason)
                    .with("moved", ".failed/\(moved.name)"))
            guard let pruned = moved.pruned else { return }
            context.log.write(LogLine(.warning, "queue.pruned").with("files", pruned.count))
        } catch {
            // Stays known, so that it is named once and not looked at for ever.
            immovable[file.name] = look
            counters.rejected += 1
            context.log.write(
                LogLine(.error, "event.rejected").with("file", file.name.description).with("reason", fault.reason)
                    .with("error", error.description).with("hint", "left in the queue; remove it by hand"))
        }
    }

    /// Whether a file that was refused looks as it did then, and has time left.
    private func isResting(_ file: PendingFile, _ reader: SpoolReader, now: Int64, unix: Int64) -> Bool {
        // A notice may say that its writer has closed it, which no status shows.
        guard !file.isNoticed, !unfinished.isEmpty else { return false }
        guard let status = try? reader.directory.status(of: file.name) else { return false }
        return unfinished.isResting(file.name, Unfinished.Look(status), monotonic: now, unix: unix)
    }

    private mutating func hasRested(_ file: PendingFile, _ status: FileStatus, now: Int64, unix: Int64) -> Bool {
        unfinished.hasRested(file.name, Unfinished.Look(status), monotonic: now, unix: unix)
    }
}
