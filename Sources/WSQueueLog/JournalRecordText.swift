internal import WSQueueCore

/// A record as it was read, its texts still where they lie.
package struct JournalRecordText {
    package let seq: UInt64
    package let unixNanoseconds: Int64
    /// The message for clients, without the member for its channel.
    package let message: Range<Int>
    /// After the record.
    package var end: Int { message.upperBound }
    private let id: Range<Int>
    private let owner: Owner
    private let parts: Parts

    /// Whose its id is.
    private enum Owner {
        case named(Range<Int>)
        /// No one can tell.
        case unknown
        /// The record has no place for it.
        case none(stamp: Int64)
    }

    /// How a state ends.
    private enum KeyEnd {
        case none
        /// With this record.
        case now
        /// By itself, Unix microseconds.
        case at(Int64)
    }

    /// What few records have.
    private struct Parts {
        var fingerprint: JournalRecord.Fingerprint?
        var line: (id: Range<Int>, stamp: Int64)?
        var channels: [String] = []
        var recipients: [String]?
        var excepts: [Int64] = []
        var exceptedUsers: [String] = []
        var key: Range<Int>?
        var keyEnd = KeyEnd.none
        var kind = JournalRecord.Kind.event
    }

    package var channels: [String] { parts.channels }
    /// Users; `nil` is everyone.
    package var recipients: [String]? { parts.recipients }
    /// The connections and users that shall not get it.
    package var excepts: [Int64] { parts.excepts }
    package var exceptedUsers: [String] { parts.exceptedUsers }
    package var kind: JournalRecord.Kind { parts.kind }
    /// Where the name of its state lies, where it is one.
    package var key: Range<Int>? { parts.key }

    /// Reads the record that begins at `start`.
    ///
    /// - Returns: `nil` where there is no whole and sound one.
    package static func decode(
        _ bytes: Span<UInt8>, at start: Int, as format: JournalFormat = .second
    ) -> JournalRecordText? {
        guard let end = JournalScanner.soundEnd(of: bytes, at: start) else { return nil }
        let reader = LittleEndianReader(position: start + JournalRecord.prefixBytes, end: end)
        switch format {
        case .first: return decodeFirst(reader, in: bytes)
        case .second: return decodeSecond(reader, in: bytes)
        }
    }

    /// The event's id.
    package func id(in bytes: Span<UInt8>) -> [UInt8] { id.map { bytes[$0] } }

    /// What tells the event apart from all others.
    package func identity(in bytes: Span<UInt8>) -> JournalRecord.Identity { identity(id, in: bytes) }

    /// The record without its message.
    package func record(in bytes: Span<UInt8>) -> JournalRecord {
        var record = JournalRecord(seq: seq, unixNanoseconds: unixNanoseconds, identity: identity(in: bytes))
        var known = JournalRecord.Parts()
        known.fingerprint = parts.fingerprint
        known.line = parts.line.map { line in
            guard case .none = owner else { return identity(line.id, in: bytes) }
            return JournalRecord.Identity(id: line.id.map { bytes[$0] }, stamp: line.stamp)
        }
        known.channels = parts.channels
        known.recipients = parts.recipients
        known.excepts = parts.excepts
        known.exceptedUsers = parts.exceptedUsers
        known.key = parts.key.map { $0.map { bytes[$0] } }
        switch parts.keyEnd {
        case .none: break
        case .now: known.isClearing = true
        case .at(let time): known.expiresAtMicroseconds = time
        }
        known.kind = parts.kind
        if known != JournalRecord.Parts() { record.parts = known }
        return record
    }

    private func identity(_ id: Range<Int>, in bytes: Span<UInt8>) -> JournalRecord.Identity {
        let id = id.map { bytes[$0] }
        switch owner {
        case .named(let name): return JournalRecord.Identity(id: id, owner: EventOwner(name.map { bytes[$0] }))
        case .unknown: return JournalRecord.Identity(id: id, owner: .unknown)
        case .none(let stamp): return JournalRecord.Identity(id: id, stamp: stamp)
        }
    }
}

// MARK: The formats

extension JournalRecordText {
    private static func decodeSecond(_ start: LittleEndianReader, in bytes: Span<UInt8>) -> JournalRecordText? {
        var reader = start
        guard let seq = reader.number(8, in: bytes), let unix = reader.number(8, in: bytes),
            let raw = reader.number(2, in: bytes), let id = reader.range(in: bytes)
        else { return nil }
        let flags = JournalRecordFlags(rawValue: UInt16(raw))
        guard flags.isSubset(of: .all) else { return nil }
        var owner = Owner.unknown
        if flags.contains(.owner) {
            guard let name = reader.range(in: bytes) else { return nil }
            owner = .named(name)
        }
        var parts = Parts()
        if !flags.isSubset(of: .owner) {
            guard read(flags, &parts, &reader, in: bytes) else { return nil }
            if flags.contains(.fields) {
                guard let stamp = readFields(&parts, &reader, in: bytes) else { return nil }
                if let stamp, !flags.contains(.owner) { owner = .none(stamp: stamp) }
            }
        }
        return JournalRecordText(
            seq: seq, unixNanoseconds: Int64(bitPattern: unix), message: reader.position..<reader.end, id: id,
            owner: owner, parts: parts)
    }

    private static func read(
        _ flags: JournalRecordFlags, _ parts: inout Parts, _ reader: inout LittleEndianReader, in bytes: Span<UInt8>
    ) -> Bool {
        if flags.contains(.fingerprint) {
            guard let count = reader.number(8, in: bytes), let checksum = reader.number(4, in: bytes) else {
                return false
            }
            parts.fingerprint = JournalRecord.Fingerprint(byteCount: count, checksum: UInt32(checksum))
        }
        if flags.contains(.line) {
            guard let line = reader.range(in: bytes) else { return false }
            parts.line = (line, 0)
        }
        if flags.contains(.channels) {
            guard let channels = reader.list(in: bytes) else { return false }
            parts.channels = channels
        }
        if flags.contains(.recipients) {
            guard let recipients = reader.list(in: bytes) else { return false }
            parts.recipients = recipients
        }
        if flags.contains(.excepts) {
            guard let excepts = reader.numbers(in: bytes) else { return false }
            parts.excepts = excepts
        }
        if flags.contains(.exceptedUsers) {
            guard let users = reader.list(in: bytes) else { return false }
            parts.exceptedUsers = users
        }
        if flags.contains(.key) {
            guard let key = reader.range(in: bytes) else { return false }
            parts.key = key
        }
        if flags.contains(.clears) { parts.keyEnd = .now }
        if flags.contains(.kind) {
            guard let kind = reader.number(1, in: bytes) else { return false }
            parts.kind = JournalRecord.Kind(rawValue: UInt8(kind)) ?? .unknown
        }
        return true
    }

    /// Reads the further fields, those that are known.
    ///
    /// - Returns: The stamp of an identity without an owner, `.some(nil)` where that is not among them; `nil` where they
    ///   are none.
    private static func readFields(
        _ parts: inout Parts, _ reader: inout LittleEndianReader, in bytes: Span<UInt8>
    ) -> Int64?? {
        guard let block = reader.range(in: bytes) else { return nil }
        var fields = LittleEndianReader(position: block.lowerBound, end: block.upperBound)
        var stamp: Int64?
        let isClearing = if case .now = parts.keyEnd { true } else { false }
        while fields.position < fields.end {
            guard let tag = fields.number(2, in: bytes), let value = fields.range(in: bytes) else { return nil }
            guard value.count == 8 else { continue }
            let number = Int64(bitPattern: bytes.littleEndian(8, at: value.lowerBound))
            if tag == JournalRecordField.stamp { stamp = number }
            if tag == JournalRecordField.expiry, !isClearing { parts.keyEnd = .at(number) }
        }
        return .some(stamp)
    }

    /// The format of servers before 0.2: seq, time, stamp (64 bits each), flags (8 bits: 1 for `except`, 2 for a line),
    /// `except` (64 bits), id, stamp and id of the line, channels, recipients, message.
    private static func decodeFirst(_ start: LittleEndianReader, in bytes: Span<UInt8>) -> JournalRecordText? {
        var reader = start
        guard let seq = reader.number(8, in: bytes), let unix = reader.number(8, in: bytes),
            let stamp = reader.number(8, in: bytes), let flags = reader.number(1, in: bytes),
            let except = reader.number(8, in: bytes), let id = reader.range(in: bytes)
        else { return nil }
        var parts = Parts()
        if flags & 1 != 0 { parts.excepts = [Int64(bitPattern: except)] }
        if flags & 2 != 0 {
            guard let stamp = reader.number(8, in: bytes), let id = reader.range(in: bytes) else { return nil }
            parts.line = (id, Int64(bitPattern: stamp))
        }
        guard let channels = reader.optionalList(in: bytes), let recipients = reader.optionalList(in: bytes),
            let message = reader.range(in: bytes), message.upperBound == reader.end
        else { return nil }
        parts.channels = channels ?? []
        parts.recipients = recipients
        return JournalRecordText(
            seq: seq, unixNanoseconds: Int64(bitPattern: unix), message: message, id: id,
            owner: .none(stamp: Int64(bitPattern: stamp)), parts: parts)
    }
}
