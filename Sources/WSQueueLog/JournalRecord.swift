internal import WSQueueCore
internal import WSQueueSystem

/// One event in the journal: what it takes to send it to any client later, and to know it again.
///
/// On disk: the length of what follows the first eight bytes and its CRC-32C, both 32 bits; then seq, time, stamp
/// (64 bits each), `except` with a byte of flags before it, id, line, channels, recipients, message. The flags say
/// whether there are an `except` (1) and a line (2: stamp and id of the line in its batch).
/// All numbers are little-endian; each text or list has its length or count before it, 32 bits.
package struct JournalRecord: Equatable, Sendable {
    /// What tells an event apart from all others.
    package struct Identity: Hashable, Sendable {
        /// The event's id, UTF-8.
        package let id: [UInt8]
        /// Where the id is only the name of a file, when that file was changed last (Unix nanoseconds): a publisher may
        /// use a name again for another event. 0 where the event says its id itself.
        package let stamp: Int64
        /// Under which the journal knows it, never 0; another one in each process.
        let key: UInt64

        package init(id: [UInt8], stamp: Int64) {
            self.id = id
            self.stamp = stamp
            key = max(1, ByteHash.seeded(id.span, stamp: stamp))
        }
    }

    /// Its order number.
    package var seq: UInt64
    /// When it got that number, Unix nanoseconds.
    package var unixNanoseconds: Int64
    package var identity: Identity
    /// The line of the batch that it came in, where its identity says nothing of that.
    package var line: Identity?
    package var channels: [String] = []
    /// Users; `nil` is everyone.
    package var recipients: [String]?
    /// The connection that shall not get it.
    package var except: Int64?

    package init(seq: UInt64, unixNanoseconds: Int64, identity: Identity) {
        self.seq = seq
        self.unixNanoseconds = unixNanoseconds
        self.identity = identity
    }

    /// Length and checksum.
    static let prefixBytes = 8
    /// Up to the time, what is read of every record at once.
    static let fixedBytes = prefixBytes + 16
    static let noList = UInt32.max
    static let hasExcept: UInt8 = 1
    static let hasLine: UInt8 = 2

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
        let byteCount = byteCount(messageBytes: messageBytes)
        buffer.growIfNeeded(by: byteCount)
        buffer.append(addingCapacity: byteCount) { output in
            output.append(number: 0, bytes: Self.prefixBytes)
            output.append(number: seq, bytes: 8)
            output.append(number: UInt64(bitPattern: unixNanoseconds), bytes: 8)
            output.append(number: UInt64(bitPattern: identity.stamp), bytes: 8)
            output.append((except == nil ? 0 : Self.hasExcept) | (line == nil ? 0 : Self.hasLine))
            output.append(number: UInt64(bitPattern: except ?? 0), bytes: 8)
            output.append(counted: identity.id.span)
            if let line {
                output.append(number: UInt64(bitPattern: line.stamp), bytes: 8)
                output.append(counted: line.id.span)
            }
            output.append(list: channels)
            output.append(list: recipients)
            output.append(number: UInt64(messageBytes), bytes: 4)
            fill(&output)
        }
        let body = (start + Self.prefixBytes)..<buffer.count
        let checksum = CRC32C.checksum(buffer.span.extracting(body))
        buffer.set(number: UInt64(body.count), at: start)
        buffer.set(number: UInt64(checksum), at: start + 4)
    }
}

extension JournalRecord {
    /// How long the record is.
    private func byteCount(messageBytes: Int) -> Int {
        let texts =
            channels.reduce(0) { $0 + 4 + $1.utf8.count } + (recipients ?? []).reduce(0) { $0 + 4 + $1.utf8.count }
        return Self.fixedBytes + 21 + identity.id.count + (line.map { 12 + $0.id.count } ?? 0) + 8 + texts + 4
            + messageBytes
    }
}

/// A record as it was read, its texts still where they lie.
package struct JournalRecordText {
    package let seq: UInt64
    package let unixNanoseconds: Int64
    package let channels: [String]
    /// Users; `nil` is everyone.
    package let recipients: [String]?
    /// The connection that shall not get it.
    package let except: Int64?
    private let id: Range<Int>
    private let stamp: Int64
    private let line: (stamp: Int64, id: Range<Int>)?
    /// The message for clients, without the member for its channel.
    package let message: Range<Int>
    /// After the record.
    package let end: Int

    /// Reads the record that begins at `start`.
    ///
    /// - Returns: `nil` where there is no whole and sound one.
    package static func decode(_ bytes: Span<UInt8>, at start: Int) -> JournalRecordText? {
        guard let end = JournalScanner.soundEnd(of: bytes, at: start) else { return nil }
        var reader = LittleEndianReader(position: start + JournalRecord.prefixBytes, end: end)
        guard let seq = reader.number(8, in: bytes), let unix = reader.number(8, in: bytes),
            let stamp = reader.number(8, in: bytes), let flags = reader.number(1, in: bytes),
            let except = reader.number(8, in: bytes), let id = reader.range(in: bytes)
        else { return nil }
        var line: (Int64, Range<Int>)?
        if flags & UInt64(JournalRecord.hasLine) != 0 {
            guard let stamp = reader.number(8, in: bytes), let id = reader.range(in: bytes) else { return nil }
            line = (Int64(bitPattern: stamp), id)
        }
        guard let channels = reader.list(in: bytes), let recipients = reader.list(in: bytes),
            let message = reader.range(in: bytes), message.upperBound == end
        else { return nil }
        return JournalRecordText(
            seq: seq, unixNanoseconds: Int64(bitPattern: unix), channels: channels ?? [], recipients: recipients,
            except: flags & UInt64(JournalRecord.hasExcept) != 0 ? Int64(bitPattern: except) : nil, id: id,
            stamp: Int64(bitPattern: stamp), line: line, message: message, end: end)
    }

    /// What tells the event apart from all others.
    package func identity(in bytes: Span<UInt8>) -> JournalRecord.Identity {
        JournalRecord.Identity(id: id.map { bytes[$0] }, stamp: stamp)
    }

    /// The line of the batch that it came in, where its identity says nothing of that.
    package func line(in bytes: Span<UInt8>) -> JournalRecord.Identity? {
        line.map { JournalRecord.Identity(id: $0.id.map { bytes[$0] }, stamp: $0.stamp) }
    }

    /// The record without its message.
    package func record(in bytes: Span<UInt8>) -> JournalRecord {
        var record = JournalRecord(seq: seq, unixNanoseconds: unixNanoseconds, identity: identity(in: bytes))
        record.line = line(in: bytes)
        record.channels = channels
        record.recipients = recipients
        record.except = except
        return record
    }
}

/// Finds records in bytes without looking into them.
enum JournalScanner {
    /// What stands at a place.
    enum Finding: Equatable {
        /// A record that ends there.
        case record(end: Int)
        /// The beginning of a record, with how many bytes it needs in all, or at least.
        case cut(neededBytes: Int)
        /// No record.
        case damaged
    }

    /// Looks at what begins at `start`, without its checksum.
    static func look(_ bytes: Span<UInt8>, at start: Int) -> Finding {
        let count = bytes.count - start
        guard count >= JournalRecord.prefixBytes else { return .cut(neededBytes: JournalRecord.fixedBytes) }
        let length = Int(bytes.littleEndian(4, at: start))
        guard length >= JournalRecord.fixedBytes - JournalRecord.prefixBytes else { return .damaged }
        let needed = JournalRecord.prefixBytes + length
        return count >= needed ? .record(end: start + needed) : .cut(neededBytes: needed)
    }

    /// The end of a whole record whose checksum is right.
    static func soundEnd(of bytes: Span<UInt8>, at start: Int) -> Int? {
        guard case .record(let end) = look(bytes, at: start) else { return nil }
        let checksum = CRC32C.checksum(bytes.extracting((start + JournalRecord.prefixBytes)..<end))
        return UInt64(checksum) == bytes.littleEndian(4, at: start + 4) ? end : nil
    }

    /// The order number of the record that begins at `start`.
    static func seq(_ bytes: Span<UInt8>, at start: Int) -> UInt64 {
        bytes.littleEndian(8, at: start + JournalRecord.prefixBytes)
    }

    /// When the event of the record that begins at `start` got its number, Unix nanoseconds.
    static func unixNanoseconds(_ bytes: Span<UInt8>, at start: Int) -> Int64 {
        Int64(bitPattern: bytes.littleEndian(8, at: start + JournalRecord.prefixBytes + 8))
    }

    /// How many of the bytes are whole records.
    static func wholeBytes(_ bytes: Span<UInt8>) -> Int {
        var position = 0
        while case .record(let end) = look(bytes, at: position) { position = end }
        return position
    }
}
