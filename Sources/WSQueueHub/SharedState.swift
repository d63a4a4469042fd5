internal import WSQueueBroker
internal import WSQueueCore
internal import WSQueueLog
internal import WSQueueSequencer
internal import WSQueueSystem
internal import WSQueueWire

/// The state of each key as several servers share it: between the hash beside the stream and what this server keeps.
struct SharedState {
    private let limits: KeptLimits
    /// Larger events are no state of this server.
    private let eventLimitBytes: Int

    /// An event of the hash, and the channels in which it is the state of its key.
    private struct Gathered {
        let kept: StreamKept
        var channels: [String]
    }

    /// What makes values of several fields the same event.
    private struct Identity: Hashable {
        let isEntry: Bool
        let number: UInt64
        let key: [UInt8]
    }

    init(_ limits: KeptLimits, eventLimitBytes: Int) {
        self.limits = limits
        self.eventLimitBytes = eventLimitBytes
    }

    // MARK: From the hash

    /// What is known of the events before those that are read from the stream.
    ///
    /// - Parameter message: Writes the messages that clients get.
    func past(_ past: StreamPast, _ message: inout EventMessageWriter, unix: Int64) -> JournalPast {
        var entries: [(number: UInt64, event: KeptEvent)] = []
        // What an earlier numbering had is older than all of this one.
        var records: [(number: UInt64, event: KeptEvent)] = []
        var missing: [(place: String, key: [UInt8])] = []
        var isComplete = past.isComplete
        for one in Self.gathered(past.kept) {
            switch one.kept.content {
            case .missing: missing.append((one.kept.channel, one.kept.key))
            case .entry(let entry):
                let event = event(of: entry, one, &message, unix: unix)
                if let event { entries.append((one.kept.number, event)) } else { isComplete = false }
            case .record(let record, let order):
                guard let event = Self.event(of: record, one) else {
                    isComplete = false
                    continue
                }
                if one.kept.number > 0 { entries.append((order, event)) } else { records.append((order, event)) }
            }
        }
        let inOrder = records.sorted { $0.number < $1.number } + entries.sorted { $0.number < $1.number }
        let events = inOrder.map(\.event).filter { $0.isCurrent(unixNanoseconds: unix) }
        return JournalPast(
            trimmed: past.trimmed.flatMap { HistoryMarks($0.marks.span) },
            kept: KeptEvents(limits, events: events, missing: missing, isComplete: isComplete, after: past.last))
    }

    private static func gathered(_ kept: [StreamKept]) -> [Gathered] {
        var places: [Identity: Int] = [:]
        var found: [Gathered] = []
        for one in kept.sorted(by: { $0.channel < $1.channel }) {
            let channels = one.channel.isEmpty ? [] : [one.channel]
            var identity: Identity?
            if one.content != .missing {
                var (isEntry, number) = (true, one.number)
                if case .record(_, let order) = one.content { (isEntry, number) = (one.number > 0, order) }
                identity = Identity(isEntry: isEntry, number: number, key: one.key)
            }
            if let identity, let place = places[identity] {
                found[place].channels += channels
            } else {
                if let identity { places[identity] = found.count }
                found.append(Gathered(kept: one, channels: channels))
            }
        }
        return found
    }

    private func event(
        of entry: StreamEntry, _ gathered: Gathered, _ message: inout EventMessageWriter, unix: Int64
    ) -> KeptEvent? {
        guard let event = try? EventRoom.event(in: entry, limitBytes: eventLimitBytes) else { return nil }
        message.write(event.text, event.fields(seq: entry.seq, channel: nil), in: entry.event.span)
        var record = Self.record(seq: entry.seq, unix: unix, gathered.channels, gathered.kept.key)
        record.parts.expiresAtMicroseconds = event.text.expiresAtMicroseconds
        return KeptEvent(record, key: gathered.kept.key, message: message.message)
    }

    private static func event(of bytes: [UInt8], _ gathered: Gathered) -> KeptEvent? {
        guard let text = JournalRecordText.decode(bytes.span, at: 0) else { return nil }
        var record = text.record(in: bytes.span)
        record.parts.channels = gathered.channels
        return text.keptEvent(record, in: bytes.span)
    }

    private static func record(seq: UInt64, unix: Int64, _ channels: [String], _ key: [UInt8]) -> JournalRecord {
        var record = JournalRecord(
            seq: seq, unixNanoseconds: unix, identity: JournalRecord.Identity(id: [], owner: .unknown))
        record.parts.channels = channels
        record.parts.key = key
        return record
    }

    // MARK: To the hash

    /// What is right of the state in a Redis that has lost events which this server has.
    ///
    /// - Parameters:
    ///   - kept: What this server keeps.
    ///   - isOld: Whether what Redis has was known here before it lost anything: what has come since then stays.
    static func corrections(
        _ kept: KeptEvents, of past: StreamPast, isOld: (StreamKept) -> Bool
    ) -> StateCorrections {
        var corrections = StateCorrections(isPast: true)
        var left: [[UInt8]: UInt64] = [:]
        var isNew: Set<[UInt8]> = []
        for one in past.kept {
            let field = StreamKept.field(one.channel, one.key)
            if isOld(one) { left[field] = one.number } else { isNew.insert(field) }
        }
        // What has been ended since has no field.
        for one in past.ended where !isOld(one) { isNew.insert(StreamKept.field(one.channel, one.key)) }
        var order: UInt64 = 0
        for place in kept.places {
            guard let (event, channels) = kept.event(at: place) else { continue }
            order += 1
            for channel in channels {
                let field = StreamKept.field(channel, event.key)
                guard !isNew.contains(field) else { continue }
                let value = value(event, in: channel, seq: 0, order: order)
                if let seen = left.removeValue(forKey: field) {
                    corrections.add(field, seen: seen, value)
                } else {
                    corrections.add(field, notEndedAfter: past.last, value)
                }
            }
        }
        // What there was no room for here may be there.
        for one in kept.missing ?? [] {
            let field = StreamKept.field(one.place, one.key)
            guard !isNew.contains(field), left.removeValue(forKey: field) == nil else { continue }
            corrections.add(field, notEndedAfter: past.last, StreamKept.missingValue(number: 0))
        }
        guard kept.missing != nil else {
            corrections.add(StreamKept.unnamedField, seen: nil, Array("1".utf8))
            return corrections
        }
        for (field, seen) in left.sorted(by: { $0.value < $1.value }) { corrections.add(field, seen: seen, []) }
        return corrections
    }

    /// What is right of the state of a key, where an entry has changed it beside the stream and not here, or the other way
    /// round.
    static func corrections(
        _ kept: KeptEvents, of key: [UInt8], in channels: [String], at seq: UInt64, isChanged: Bool
    ) -> StateCorrections {
        var corrections = StateCorrections(isPast: false)
        for channel in channels {
            let event = kept.event(key, in: channel)
            let field = StreamKept.field(channel, key)
            let right = event.map { value($0, in: channel, seq: $0.seq, order: $0.seq) } ?? []
            if isChanged {
                corrections.add(field, seen: seq, right)
            } else {
                corrections.add(field, olderThan: seq, right)
            }
        }
        return corrections
    }

    private static func value(_ event: KeptEvent, in channel: String, seq: UInt64, order: UInt64) -> [UInt8] {
        var record = record(seq: seq, unix: event.unixNanoseconds, channel.isEmpty ? [] : [channel], event.key)
        record.parts.expiresAtMicroseconds = event.expiresAtMicroseconds
        let message = event.message
        var bytes: [UInt8] = []
        record.append(to: &bytes, message: message.span)
        return StreamKept.value(
            bytes, number: seq, order: order, expiresAtMicroseconds: event.expiresAtMicroseconds)
    }
}
