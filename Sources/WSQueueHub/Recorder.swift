internal import WSQueueBroker
package import WSQueueCore
package import WSQueueLog
package import WSQueueOperation
package import WSQueueSequencer
package import WSQueueSystem
internal import WSQueueWire

/// Writes what the sequencer has given a number: into the ring, as the bytes that clients get, and into the journal, for
/// those who come back.
///
/// Each frame and each record is written once, straight into the space that ring and journal have reserved for it.
package struct Recorder: ~Copyable {
    /// What was written of an event.
    package struct Recorded {
        /// What all its copies take in the ring.
        package let byteCount: Int
        /// Its copies that are not for everyone.
        package let selections: [PublicationLog.Selection]
    }

    private let publications: PublicationLog
    private var message: EventMessageWriter
    private let plain: PlainMessage
    private var writer: PublicationWriter
    private var journal: JournalWriter

    /// Begins to write.
    ///
    /// - Parameter payloadKey: The wire's name for the payload.
    package init(_ publications: PublicationLog, _ journal: consuming JournalWriter, payloadKey: String) {
        self.publications = publications
        message = EventMessageWriter(payloadKey: payloadKey)
        plain = PlainMessage(payloadKey: payloadKey)
        writer = PublicationWriter(publications)
        self.journal = journal
    }

    /// The position after what was written last, shown to the loops or not.
    package var position: UInt64 { writer.position }

    /// How many bytes may be written before something is overwritten that lies after `oldestNeeded`.
    package func room(oldestNeeded: UInt64) -> Int { writer.room(oldestNeeded: oldestNeeded) }

    /// Whether an event, or a line of a batch, has been recorded before.
    package func knows(_ identity: JournalRecord.Identity) -> Bool { journal.knows(identity) }

    /// Whether an event has been recorded before. Of one that is only known by its file's name, which may be used again,
    /// its bytes count too: other servers may have files of that name and time.
    func knows(_ event: SpooledEvent, _ identity: JournalRecord.Identity, _ text: Span<UInt8>) -> Bool {
        if journal.knows(identity) {
            guard let fingerprint = event.fingerprint, !event.hasOwnID else { return true }
            return journal.knows(identity, as: fingerprint)
        }
        return journal.knowsOwnerless && journal.knows(event.ownerlessIdentity(in: text))
    }

    /// Whether the very bytes of a file, or of a line of it, have been recorded before, where its name may be used again.
    func knowsBytes(of event: SpooledEvent) -> Bool {
        if let fingerprint = event.fingerprint, journal.knows(event.fileIdentity, as: fingerprint) { return true }
        return journal.knowsOwnerless && journal.knows(event.ownerlessFileIdentity)
    }

    /// Whether these bytes have come before in a copy that keeps times, so that its writer may set those of this one yet.
    func mayBeCopy(_ event: SpooledEvent) -> Bool {
        event.fingerprint.map { journal.knowsCopy(event.fileIdentity, as: $0) } ?? false
    }

    /// Whether a line of a batch has been recorded before, whose name is used once.
    func knowsLine(_ event: SpooledEvent, _ text: Span<UInt8>) -> Bool {
        if journal.knows(event.lineIdentity ?? event.identity(in: text)) { return true }
        guard journal.knowsOwnerless else { return false }
        return journal.knows(event.ownerlessFileIdentity)
    }

    /// Whether an entry of the shared stream is the event that has its number here; `nil` where that cannot be told.
    func isRecorded(_ entry: StreamEntry) -> Bool? {
        guard let known = journal.journal.identity(of: entry.seq), let text = try? EventText.decode(entry.event.span)
        else { return nil }
        return SpooledEvent(text: text, entry: entry).identity(in: entry.event.span).matches(known)
    }

    /// Writes an event.
    ///
    /// - Parameters:
    ///   - text: The event's own bytes.
    ///   - seq: Its number.
    ///   - unix: The present moment, Unix nanoseconds.
    ///   - isNews: Whether it tells what has happened in a channel: it is not sent to those who come later.
    package mutating func record(
        _ event: SpooledEvent, _ text: Span<UInt8>, _ identity: JournalRecord.Identity, seq: UInt64, unix: Int64,
        isNews: Bool = false
    ) -> Recorded {
        let start = writer.position
        var selections: [PublicationLog.Selection] = []
        let addressing = event.addressing
        let channels = event.text.channels
        // One copy for each channel, in their order, or one without.
        for (index, audience) in Broker.audiences(of: addressing).enumerated() {
            let channel = channels.isEmpty ? nil : channels[index]
            message.write(event.text, event.fields(seq: seq, channel: channel), in: text)
            let bytes = message.message
            let length = FrameEncoder.frameLength(payloadLength: bytes.count)
            let selection = writer.append(byteCount: length, seq: seq, audience: audience) {
                $0.append(textFrame: bytes.span)
            }
            if let selection { selections.append(selection) }
        }
        var record = JournalRecord(seq: seq, unixNanoseconds: unix, identity: identity)
        if !channels.isEmpty {
            // The record's message has no channel: a replay adds the one that a client gets.
            message.write(event.text, event.fields(seq: seq, channel: nil), in: text)
        }
        if event.text.delivery != nil || event.fingerprint != nil || event.hasLineID {
            record.parts = Self.parts(of: event, addressing)
            if isNews { record.parts.kind = .news }
        }
        stage(record, isNews: isNews)
        return Recorded(byteCount: Int(writer.position - start), selections: selections)
    }

    /// Whether a plain line can be written as ``record(_:_:lineID:_:key:seq:unix:)`` does it: to everyone, and known by
    /// nothing but its id.
    package var takesPlainLines: Bool { !publications.isSelective && !journal.knowsOwnerless }

    /// Under which the journal knows a plain line.
    package static func key(
        _ line: PlainEventText, _ text: Span<UInt8>, lineID: Span<UInt8>, _ owner: EventOwner
    ) -> UInt64 {
        guard let id = line.id else { return JournalRecord.Identity.key(of: lineID, owner) }
        return JournalRecord.Identity.key(of: text.extracting(JSONString.contents(of: id)), owner)
    }

    /// Whether an event has been recorded before that has this key.
    package func knows(key: UInt64) -> Bool { journal.knows(key: key) }

    /// Writes a plain line of a batch: the very bytes that it has as any other event, without anything made of it before.
    ///
    /// - Parameters:
    ///   - lineID: The id of a line that says none.
    ///   - key: Under which the journal is to know it.
    /// - Returns: What it takes in the ring.
    package mutating func record(
        _ line: PlainEventText, _ text: Span<UInt8>, lineID: Span<UInt8>, _ owner: EventOwner, key: UInt64, seq: UInt64,
        unix: Int64
    ) -> Int {
        plain.write(
            line, text, lineID: lineID, owner, key: key, seq: seq, unix: unix, to: &writer, publications, &journal)
    }

    private static func parts(of event: SpooledEvent, _ addressing: Broker.Addressing) -> JournalRecord.Parts {
        var parts = JournalRecord.Parts()
        parts.fingerprint = event.fingerprint
        parts.line = event.owner == nil ? nil : event.lineIdentity
        parts.channels = addressing.channels
        parts.recipients = addressing.recipients
        parts.excepts = addressing.except.connections
        parts.exceptedUsers = addressing.except.users.map(\.text)
        parts.key = event.text.key?.bytes
        parts.isClearing = event.text.clearsKey
        // The state would outlive what the journal says of its event.
        if parts.key != nil { parts.expiresAtMicroseconds = event.text.expiresAtMicroseconds }
        return parts
    }

    /// Writes news of a channel, which has no file.
    ///
    /// - Parameters:
    ///   - text: The event that tells it, as one in the queue would be read.
    ///   - event: The same as it would be written.
    ///   - id: Its id, UTF-8.
    mutating func recordNews(
        _ text: EventText, in event: [UInt8], id: [UInt8], channel name: String, seq: UInt64, unix: Int64
    ) {
        let fields = { (channel: Channel?) in
            EventMessageFields(unixSeconds: unix / 1_000_000_000, id: id, seq: seq, channel: channel)
        }
        message.write(text, fields(Channel(name)), in: event.span)
        let bytes = message.message
        writer.append(
            byteCount: FrameEncoder.frameLength(payloadLength: bytes.count), seq: seq,
            audience: .channel(name, except: .none)
        ) { $0.append(textFrame: bytes.span) }
        message.write(text, fields(nil), in: event.span)
        // It has no file that could come again.
        var record = JournalRecord(
            seq: seq, unixNanoseconds: unix, identity: JournalRecord.Identity(id: [], owner: .unknown))
        record.parts.channels = [name]
        record.parts.kind = .news
        stage(record, isNews: true)
    }

    /// Writes an event for no one under a number that no event bears, so that loops and replays do not wait for it.
    ///
    /// - Parameters:
    ///   - identity: What it is known by from now on; `nil` where it may come again and be sent then.
    ///   - expired: One that others may have had in time: it has ended the state before it, for all.
    package mutating func leaveOut(
        _ identity: JournalRecord.Identity?, ending expired: SpooledEvent? = nil, seq: UInt64, unix: Int64
    ) {
        let text = "{\"event\":\"\",\"seq\":\(seq)}"
        let length = FrameEncoder.frameLength(payloadLength: text.utf8.count)
        writer.append(byteCount: length, seq: seq, audience: .users([], channel: nil, except: .none)) {
            $0.append(textFrame: text.utf8.span)
        }
        var record = JournalRecord(
            seq: seq, unixNanoseconds: unix, identity: identity ?? JournalRecord.Identity(id: [], owner: .unknown))
        record.parts.recipients = []
        record.parts.kind = .leftOut
        if let expired, let key = expired.text.key {
            record.parts.channels = expired.addressing.channels
            record.parts.key = key.bytes
            record.parts.isClearing = true
        }
        journal.stage(record, messageBytes: 0) { _ in }
    }

    /// Shows everything written to the loops.
    package mutating func publish(oldestNeeded: UInt64) { writer.publish(oldestNeeded: oldestNeeded) }

    private mutating func stage(_ record: JournalRecord, isNews: Bool) {
        let bytes = message.message
        if isNews { journal.stageNews(record, message: bytes) } else { journal.stage(record, message: bytes.span) }
    }

    // MARK: The journal's file

    /// Whether events are known over restarts.
    package var isKept: Bool { journal.isKept }
    /// Whether anything is recorded that the journal's file does not have.
    package var hasStaged: Bool { journal.hasStaged }
    /// Whether the last write failed, and whether too much waits to be written to record more.
    package var isFailing: Bool { journal.isFailing }
    package var isFull: Bool { journal.isFull }
    /// The history as readers see it.
    package var history: Journal { journal.journal }

    /// What was found when it was opened, for the log.
    package var findings: [JournalFinding] { journal.findings }

    /// Writes what is recorded to the journal's file. `finished` is as in ``JournalWriter/commit(unix:finished:)``.
    ///
    /// - Throws: ``SystemCallError``; nothing is lost, and it is to be tried again.
    package mutating func commit(unix: Int64, finished: UInt64) throws(SystemCallError) -> [JournalFinding] {
        try journal.commit(unix: unix, finished: finished)
    }

    /// Shows the readers what could not be written yet.
    package func showStaged() { journal.showStaged() }

    /// What was written and may not be on the disk yet.
    package mutating func takeUnsynced() -> JournalSync { journal.takeUnsynced() }

    /// The segments that have gone; their files are closed with the last of their users.
    package mutating func takeRetired() -> [JournalSegment] { journal.takeRetired() }

    /// Notes whether what was written could be brought to the disk.
    package mutating func noteSync(isFailing: Bool) { journal.noteSync(isFailing: isFailing) }

    /// Lets go of what is too much, or too old where nothing new comes to push it out.
    package mutating func trim(finished: UInt64) -> [JournalFinding] { journal.trim(finished: finished) }
    package mutating func age(_ ages: AgeClock, unix: Int64, finished: UInt64) -> [JournalFinding] {
        journal.note(ages)
        return journal.age(unix: unix, finished: finished)
    }

    /// Why the journal could not be written now, as far as rights and the mount decide.
    package var fault: ServerHealth.Reason? {
        do throws(SystemCallError) {
            try journal.checkWritable()
            return nil
        } catch {
            return .journal("the journal cannot be written: \(error.reason)")
        }
    }

    /// Begins the history anew after another number, perhaps in another numbering.
    ///
    /// - Parameter past: What Redis has of what comes before that number.
    /// - Throws: ``SystemCallError`` where the first segment cannot be made; nothing has changed then.
    mutating func restart(
        epoch: String, after seq: UInt64, unix: Int64, _ past: StreamPast, _ state: SharedState
    ) throws(SystemCallError) {
        try journal.restart(
            epoch: epoch, precedingSeq: seq, unix: unix, past: state.past(past, &message, unix: unix))
        writer.skip(to: seq)
    }

    /// Whether any state is kept.
    var hasState: Bool { journal.journal.kept.events.keyCount > 0 }

    /// What is right of the state in a Redis that has lost events which were recorded here.
    ///
    /// - Parameter place: How the stream stands; `nil` where its numbering is another, and all that it has is newer.
    func corrections(of past: StreamPast, _ place: StreamPlace?) -> StateCorrections {
        let history = journal.journal
        return SharedState.corrections(history.kept.events, of: past) { kept in
            guard let place else { return false }
            guard kept.number <= history.lastSeq else { return false }
            guard case .entry(let entry) = kept.content else { return true }
            // What has gone here has gone there too, unless it was written since.
            if entry.seq <= history.precedingSeq { return entry.seq < place.first }
            return isRecorded(entry) ?? true
        }
    }

    /// What is right of the state of an event's key, where an entry of the stream has changed it, or has not.
    ///
    /// - Parameter isChanged: Whether the state beside the stream is what the entry says; otherwise it is older.
    func corrections(of event: SpooledEvent, at seq: UInt64, isChanged: Bool) -> StateCorrections? {
        guard let key = event.text.key?.bytes else { return nil }
        let channels = event.text.channels.isEmpty ? [""] : event.text.channels.map(\.name)
        return SharedState.corrections(
            journal.journal.kept.events, of: key, in: channels, at: seq, isChanged: isChanged)
    }

    /// The state may be older than what stands beside the stream.
    func noteStateLoss() { journal.noteStateLoss() }

    /// Whether the state is that of a number to which the history has not come yet.
    var isStateAhead: Bool { journal.journal.isStateAhead }

    /// Writes the journal on in another directory.
    package mutating func move(to storage: JournalStorage, unix: Int64) { journal.move(to: storage, unix: unix) }

    /// Says on the disk that the journal ends in order.
    package mutating func close() throws(SystemCallError) { try journal.close() }
}

extension OutputSpan<UInt8> {
    /// Appends a whole text frame.
    fileprivate mutating func append(textFrame text: Span<UInt8>) {
        FrameEncoder.writeHeader(.text, payloadLength: text.count, to: &self)
        append(memory: text)
    }
}
