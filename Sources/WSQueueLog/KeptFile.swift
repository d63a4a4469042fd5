internal import WSQueueCore
internal import WSQueueSystem

/// The file beside the segments with the state whose events are older than they are.
///
/// Before a segment goes that has events with keys, this file is made anew with all that is state by then, and brought to
/// the disk: with the records after it, it says the state at any time, also where a power cut takes some of those before.
enum KeptFile {
    private static var file: JournalSideFile { JournalSideFile("kept", title: "wsqkept1") }
    /// More keys without room than are known.
    private static let unknown = UInt64(UInt32.max)

    /// Reads what is there of this numbering, and how far it goes: older events do not change it. `nil` where there is
    /// none.
    ///
    /// - Returns: Of a file that is not what was written, that all may be missing.
    static func read(
        in directory: Directory, epoch: String, _ limits: KeptLimits
    ) throws(SystemCallError) -> (kept: KeptEvents, end: UInt64)? {
        switch try file.read(in: directory, epoch: epoch) {
        case .none: return nil
        case .contents(let bytes):
            if let found = decode(bytes.span, limits) { return found }
        case .unusable: break
        }
        var lost = KeptEvents(limits)
        lost.noteLoss()
        return (lost, 0)
    }

    private static func decode(_ bytes: Span<UInt8>, _ limits: KeptLimits) -> (kept: KeptEvents, end: UInt64)? {
        var reader = LittleEndianReader(position: 0, end: bytes.count)
        guard let end = reader.number(8, in: bytes), let count = reader.number(4, in: bytes) else { return nil }
        var missing: [(place: String, key: [UInt8])] = []
        for _ in 0..<(count == unknown ? 0 : count) {
            guard let place = reader.text(in: bytes), let key = reader.text(in: bytes) else { return nil }
            missing.append((String(decoding: place, as: UTF8.self), key))
        }
        var events: [KeptEvent] = []
        while reader.position < reader.end {
            guard let text = JournalRecordText.decode(bytes, at: reader.position) else { return nil }
            guard let event = text.keptEvent(text.record(in: bytes), in: bytes) else { return nil }
            events.append(event)
            reader.position = text.end
        }
        let kept = KeptEvents(limits, events: events, missing: missing, isComplete: count != unknown, after: end)
        return (kept, end)
    }

    /// Puts all that is state up to a number in the place of what is there, and brings it to the disk.
    static func write(
        _ kept: KeptEvents, upTo end: UInt64, epoch: String, in directory: Directory
    ) throws(SystemCallError) {
        var bytes: [UInt8] = []
        bytes.append(number: end, bytes: 8)
        let missing = kept.missing
        bytes.append(number: missing.map { UInt64($0.count) } ?? unknown, bytes: 4)
        for one in missing ?? [] {
            bytes.append(text: Array(one.place.utf8))
            bytes.append(text: one.key)
        }
        for place in kept.places {
            guard let (event, channels) = kept.event(at: place), event.seq <= end else { continue }
            var record = JournalRecord(
                seq: event.seq, unixNanoseconds: event.unixNanoseconds,
                identity: JournalRecord.Identity(id: [], owner: .unknown))
            record.parts.channels = channels.filter { !$0.isEmpty }
            record.parts.key = event.key
            record.parts.expiresAtMicroseconds = event.expiresAtMicroseconds
            let message = event.message
            record.append(to: &bytes, message: message.span)
        }
        try file.write(bytes, epoch: epoch, in: directory, isDurable: true)
    }
}

extension JournalRecordText {
    /// The event, if it has a key.
    package func keptEvent(_ record: JournalRecord, in bytes: Span<UInt8>) -> KeptEvent? {
        guard let key = record.parts.key else { return nil }
        return KeptEvent(record, key: key, message: message.map { bytes[$0] })
    }
}

extension [UInt8] {
    fileprivate mutating func append(text: [UInt8]) {
        append(number: UInt64(text.count), bytes: 4)
        self += text
    }
}
