internal import WSQueueCore
internal import WSQueueSystem

/// How the records of a segment are written. New segments have the newest; older ones are read on.
package enum JournalFormat: UInt8, Sendable {
    case first = 1
    case second = 2

    static let newest = JournalFormat.second
}

/// One event in the journal: what it takes to send it to any client later, and to know it again.
///
/// On disk: the length of what follows the first eight bytes and its CRC-32C, both 32 bits; then seq and time (64 bits
/// each), flags (16 bits), id. Then, each only where a flag says so: owner, fingerprint (64 bits of length, CRC-32C), id of
/// the line in its batch, channels, recipients, excepted connections (64 bits each), excepted users, key, kind (8 bits),
/// and a block of further fields (tag, length, value), of which those that are not known are passed over. The rest is the
/// message. All numbers are little-endian; each text, list or block has its length or count before it, 32 bits.
package struct JournalRecord: Equatable, Sendable {
    /// What the record is of.
    package enum Kind: UInt8, Sendable {
        /// An event that was published.
        case event = 0
        /// The server's own news of a channel.
        case news = 1
        /// A number that no event bears.
        case leftOut = 2
        /// Something that a later server has written.
        case unknown = 255
    }

    /// What few events have.
    package struct Parts: Equatable, Sendable {
        /// Which bytes it came in, where its file's name may be used again.
        package var fingerprint: Fingerprint?
        /// The line of the batch that it came in, where its identity says nothing of that.
        package var line: Identity?
        package var channels: [String] = []
        /// Users; `nil` is everyone.
        package var recipients: [String]?
        /// The connections and users that shall not get it.
        package var excepts: [Int64] = []
        package var exceptedUsers: [String] = []
        /// The state that it is, and whether it ends it.
        package var key: [UInt8]?
        package var isClearing = false
        /// When that state ends by itself, Unix microseconds.
        package var expiresAtMicroseconds: Int64?
        package var kind = Kind.event

        /// None of them.
        package init() {}
    }

    /// Apart from the record, so that those pay nothing for it that have none.
    private final class Box: Sendable {
        let parts: Parts

        init(_ parts: Parts) { self.parts = parts }
    }

    /// Its order number.
    package var seq: UInt64
    /// When it got that number, Unix nanoseconds.
    package var unixNanoseconds: Int64
    package var identity: Identity
    private var box: Box?

    package init(seq: UInt64, unixNanoseconds: Int64, identity: Identity) {
        self.seq = seq
        self.unixNanoseconds = unixNanoseconds
        self.identity = identity
    }

    /// Whether it is a plain event without a channel, as nearly all are.
    var isForEveryone: Bool { box == nil }

    /// What few events have.
    package var parts: Parts {
        get { box?.parts ?? Parts() }
        set { box = Box(newValue) }
    }

    package static func == (left: JournalRecord, right: JournalRecord) -> Bool {
        left.seq == right.seq && left.unixNanoseconds == right.unixNanoseconds && left.identity == right.identity
            && left.parts == right.parts
    }

    /// Length and checksum.
    static let prefixBytes = 8
    /// Up to the time, what is read of every record at once.
    static let fixedBytes = prefixBytes + 16

    /// Calls `body` with each key under which the journal knows the event.
    ///
    /// - Parameter isNew: Whether this process has recorded it. Which lines of a batch it has taken it knows otherwise; only
    ///   where the batch's name may be used again its lines are looked for.
    func forEachKey(inThisRun isNew: Bool = false, _ body: (UInt64) -> Void) {
        guard let parts = box?.parts else { return body(identity.key) }
        // An event that was left out need not be known.
        guard !identity.id.isEmpty else { return }
        body(identity.key)
        if let line = parts.line, !isNew || parts.fingerprint != nil { body(line.key) }
        guard let fingerprint = parts.fingerprint else { return }
        let file = parts.line ?? identity
        body(file.key(of: fingerprint))
        // What has come so late with such an mtime may be a copy that keeps times.
        guard let modified = FileEventID.modifiedNanoseconds(file.id), unixNanoseconds - modified > Self.copyNanoseconds
        else { return }
        body(file.keyOfCopies(fingerprint))
    }

    /// After this time between its mtime and its appearance a file is a copy that keeps times (`rsync -a`), nanoseconds.
    package static let copyNanoseconds: Int64 = 2_000_000_000

    /// Appends the record with a message that lies somewhere else.
    package func append(to buffer: inout [UInt8], message: Span<UInt8>) {
        append(to: &buffer, messageBytes: message.count) { $0.append(memory: message) }
    }

    /// Appends the record.
    ///
    /// - Parameters:
    ///   - buffer: Gets all of it.
    ///   - messageBytes: The length of the message for clients, without the member for its channel.
    ///   - fill: Writes that message, all of it, into the place that is reserved for it.
    package func append(
        to buffer: inout [UInt8], messageBytes: Int, _ fill: (inout OutputSpan<UInt8>) -> Void
    ) {
        let start = buffer.count
        let flags = flags
        let byteCount = byteCount(flags, messageBytes: messageBytes)
        buffer.growIfNeeded(by: byteCount)
        buffer.append(addingCapacity: byteCount) { output in
            output.append(number: 0, bytes: Self.prefixBytes)
            output.append(number: seq, bytes: 8)
            output.append(number: UInt64(bitPattern: unixNanoseconds), bytes: 8)
            output.append(number: UInt64(flags.rawValue), bytes: 2)
            output.append(counted: identity.id.span)
            if flags.contains(.owner), let owner = identity.owner { output.append(counted: owner.name.span) }
            if !flags.isSubset(of: .owner) { append(parts, flags, to: &output) }
            fill(&output)
        }
        Self.seal(&buffer, from: start)
    }
}

extension JournalRecord {
    /// Appends the record of an event for everyone, of texts that lie elsewhere: what ``append(to:message:)`` appends where
    /// nothing but the line is among the parts.
    ///
    /// - Parameter line: The id of its line in a batch, where `id` is another one.
    static func append(
        _ id: Span<UInt8>, _ line: Span<UInt8>?, _ owner: EventOwner, seq: UInt64, unix: Int64, message: Span<UInt8>,
        to buffer: inout [UInt8]
    ) {
        let start = buffer.count
        var flags: JournalRecordFlags = owner.name.isEmpty ? [] : .owner
        var byteCount = fixedBytes + 2 + 4 + id.count + message.count
        if !owner.name.isEmpty { byteCount += 4 + owner.name.count }
        if let line {
            flags.insert(.line)
            byteCount += 4 + line.count
        }
        buffer.growIfNeeded(by: byteCount)
        buffer.append(addingCapacity: byteCount) { output in
            output.append(littleEndian: 0)
            output.append(littleEndian: seq)
            output.append(littleEndian: UInt64(bitPattern: unix))
            output.append(number: UInt64(flags.rawValue), bytes: 2)
            output.append(counted: id)
            if !owner.name.isEmpty { output.append(counted: owner.name.span) }
            if let line { output.append(counted: line) }
            output.append(memory: message)
        }
        seal(&buffer, from: start)
    }

    /// Writes length and checksum over what stands before the record that is the last one.
    private static func seal(_ buffer: inout [UInt8], from start: Int) {
        let body = (start + prefixBytes)..<buffer.count
        let checksum = CRC32C.checksum(buffer.span.extracting(body))
        buffer.set(number: UInt64(body.count), at: start)
        buffer.set(number: UInt64(checksum), at: start + 4)
    }
}

/// Which parts a record has.
struct JournalRecordFlags: OptionSet {
    let rawValue: UInt16

    static let owner = Self(rawValue: 1)
    static let fingerprint = Self(rawValue: 1 << 1)
    static let line = Self(rawValue: 1 << 2)
    static let channels = Self(rawValue: 1 << 3)
    static let recipients = Self(rawValue: 1 << 4)
    static let excepts = Self(rawValue: 1 << 5)
    static let exceptedUsers = Self(rawValue: 1 << 6)
    static let key = Self(rawValue: 1 << 7)
    /// Has no part: the event ends the state of its key.
    static let clears = Self(rawValue: 1 << 8)
    static let kind = Self(rawValue: 1 << 9)
    static let fields = Self(rawValue: 1 << 10)
    /// A record with another one cannot be read; what is new goes into the fields.
    static let all = Self(rawValue: (1 << 11) - 1)
}

/// The further fields that are known.
enum JournalRecordField {
    /// The stamp of an identity without an owner, 64 bits.
    static let stamp: UInt64 = 1
    /// When a state ends, Unix microseconds, 64 bits.
    static let expiry: UInt64 = 2
    /// What stands before a value: its tag (16 bits) and its length (32 bits).
    static let headerBytes = 6
}

extension JournalRecord {
    private var flags: JournalRecordFlags {
        var flags: JournalRecordFlags = []
        if let owner = identity.owner {
            if !owner.name.isEmpty { flags = .owner }
        } else {
            flags = .fields
        }
        guard let parts = box?.parts else { return flags }
        if parts.fingerprint != nil { flags.insert(.fingerprint) }
        if parts.line != nil { flags.insert(.line) }
        if !parts.channels.isEmpty { flags.insert(.channels) }
        if parts.recipients != nil { flags.insert(.recipients) }
        if !parts.excepts.isEmpty { flags.insert(.excepts) }
        if !parts.exceptedUsers.isEmpty { flags.insert(.exceptedUsers) }
        if parts.key != nil { flags.insert(.key) }
        if parts.isClearing { flags.insert(.clears) }
        if parts.kind != .event { flags.insert(.kind) }
        if parts.expiresAtMicroseconds != nil { flags.insert(.fields) }
        return flags
    }

    /// How long the record is.
    private func byteCount(_ flags: JournalRecordFlags, messageBytes: Int) -> Int {
        let plain = Self.fixedBytes + 2 + 4 + identity.id.count + messageBytes
        let owner = flags.contains(.owner) ? 4 + (identity.owner?.name.count ?? 0) : 0
        guard !flags.isSubset(of: .owner) else { return plain + owner }
        func bytes(of list: [String]?) -> Int {
            list.map { $0.reduce(4) { $0 + 4 + $1.utf8.count } } ?? 0
        }
        let parts = parts
        // What is not there takes no place; a little too much is none that is written.
        return plain + owner + 12 + (parts.line.map { 4 + $0.id.count } ?? 0) + bytes(of: parts.channels)
            + bytes(of: parts.recipients) + 4 + 8 * parts.excepts.count + bytes(of: parts.exceptedUsers)
            + (parts.key.map { 4 + $0.count } ?? 0) + 1 + 4 + 2 * (JournalRecordField.headerBytes + 8)
    }

    private func append(_ parts: Parts, _ flags: JournalRecordFlags, to output: inout OutputSpan<UInt8>) {
        if let fingerprint = parts.fingerprint {
            output.append(number: fingerprint.byteCount, bytes: 8)
            output.append(number: UInt64(fingerprint.checksum), bytes: 4)
        }
        if let line = parts.line { output.append(counted: line.id.span) }
        if flags.contains(.channels) { output.append(list: parts.channels) }
        if let recipients = parts.recipients { output.append(list: recipients) }
        if flags.contains(.excepts) {
            output.append(number: UInt64(parts.excepts.count), bytes: 4)
            for except in parts.excepts { output.append(number: UInt64(bitPattern: except), bytes: 8) }
        }
        if flags.contains(.exceptedUsers) { output.append(list: parts.exceptedUsers) }
        if let key = parts.key { output.append(counted: key.span) }
        if flags.contains(.kind) { output.append(parts.kind.rawValue) }
        guard flags.contains(.fields) else { return }
        let fields = [
            identity.owner == nil ? (JournalRecordField.stamp, identity.stamp) : nil,
            parts.expiresAtMicroseconds.map { (JournalRecordField.expiry, $0) },
        ].compactMap(\.self)
        output.append(number: UInt64(fields.count * (JournalRecordField.headerBytes + 8)), bytes: 4)
        for (tag, value) in fields {
            output.append(number: tag, bytes: 2)
            output.append(number: 8, bytes: 4)
            output.append(number: UInt64(bitPattern: value), bytes: 8)
        }
    }
}
