import Testing
import WSQueueCore
import WSQueueLog
import WSQueueSystem

struct JournalRecordTests {
    static let message = Array(#"{"event":"a","payload":1,"timestamp":2,"id":"x","seq":7}"#.utf8)
    static let owner = EventOwner(Array("www-data".utf8))

    /// A record with everything that one may have.
    static var full: JournalRecord {
        var record = JournalRecord(
            seq: 7, unixNanoseconds: 1_795_231_805_000_000_001,
            identity: JournalRecord.Identity(id: Array("ordër".utf8), owner: owner))
        record.parts.fingerprint = JournalRecord.Fingerprint(message.span)
        record.parts.line = JournalRecord.Identity(id: Array("a@1795231805000000001/2".utf8), owner: owner)
        record.parts.channels = ["a", "chat.room.1"]
        record.parts.recipients = ["42", ""]
        record.parts.excepts = [-18, .max]
        record.parts.exceptedUsers = ["7"]
        record.parts.key = Array("order-7".utf8)
        record.parts.isClearing = true
        record.parts.kind = .news
        return record
    }

    static var plain: JournalRecord {
        JournalRecord(seq: .max, unixNanoseconds: 0, identity: JournalRecord.Identity(id: [], owner: owner))
    }

    /// As it is written of what a server before 0.2 has put into the shared stream.
    static var ownerless: JournalRecord {
        var record = JournalRecord(
            seq: 1, unixNanoseconds: -1, identity: JournalRecord.Identity(id: Array("status".utf8), stamp: -5))
        record.parts.recipients = []
        return record
    }

    static var unknown: JournalRecord {
        var record = plain
        record.identity = JournalRecord.Identity(id: [97], owner: .unknown)
        record.parts.kind = .leftOut
        return record
    }

    /// Records that have but one of the parts that few have.
    static var single: [JournalRecord] {
        let parts: [(inout JournalRecord) -> Void] = [
            { $0.parts.fingerprint = full.parts.fingerprint }, { $0.parts.line = full.parts.line },
            { $0.parts.channels = ["a"] },
            { $0.parts.recipients = [] }, { $0.parts.excepts = [1] }, { $0.parts.exceptedUsers = ["u"] },
            { $0.parts.key = [] },
            { $0.parts.isClearing = true }, { $0.parts.kind = .leftOut },
        ]
        return parts.map { part in
            var record = plain
            part(&record)
            return record
        }
    }

    private func bytes(_ record: JournalRecord) -> [UInt8] {
        var bytes: [UInt8] = []
        record.append(to: &bytes, message: Self.message.span)
        return bytes
    }

    private func decode(_ bytes: [UInt8], at offset: Int = 0, as format: JournalFormat = .second) -> JournalRecordText?
    {
        JournalRecordText.decode(bytes.span, at: offset, as: format)
    }

    /// The record with other bytes after its checksum.
    private func sealed(_ body: some Sequence<UInt8>) -> [UInt8] {
        let body = Array(body)
        var bytes: [UInt8] = []
        for number in [UInt32(body.count), CRC32C.checksum(body.span)] {
            for index in 0..<4 { bytes.append(UInt8(truncatingIfNeeded: number >> (8 * index))) }
        }
        return bytes + body
    }

    @Test(arguments: [full, plain, ownerless, unknown] + single)
    func `a record is read as it was written`(record: JournalRecord) throws {
        let bytes = bytes(record)
        let text = try #require(decode(bytes))
        #expect(text.record(in: bytes.span) == record)
        #expect(text.identity(in: bytes.span) == record.identity)
        #expect(Array(bytes[text.message]) == Self.message)
        #expect(text.end == bytes.count)
        #expect(text.record(in: bytes.span).identity.owner?.name == record.identity.owner?.name)
    }

    @Test func `a plain record is no larger than one of the first format`() {
        var record = Self.plain
        record.identity = JournalRecord.Identity(
            id: Array("1795231805123456789-4711-1-9f0c3a52".utf8), owner: Self.owner)
        #expect(bytes(record).count <= FirstFormat.record(record, message: Self.message).count)
    }

    @Test func `a record of the first format is read`() throws {
        var record = JournalRecord(
            seq: 7, unixNanoseconds: 5, identity: JournalRecord.Identity(id: Array("status".utf8), stamp: -5))
        record.parts.line = JournalRecord.Identity(id: Array("17-1-1/2".utf8), stamp: 1_795_231_805_000_000_001)
        record.parts.channels = ["a", "b"]
        record.parts.excepts = [18]
        for recipients in [nil, [], ["42"]] as [[String]?] {
            record.parts.recipients = recipients
            let bytes = FirstFormat.record(record, message: Self.message)
            let text = try #require(decode(bytes, as: .first))
            #expect(text.record(in: bytes.span) == record)
            #expect(Array(bytes[text.message]) == Self.message)
            for count in 0..<bytes.count {
                #expect(decode(Array(bytes[..<count]), as: .first) == nil)
            }
        }
    }

    @Test func `a record behind others is found at its offset`() throws {
        let bytes = bytes(Self.plain) + bytes(Self.full)
        let first = try #require(decode(bytes))
        #expect(decode(bytes, at: first.end)?.record(in: bytes.span) == Self.full)
    }

    @Test func `a record cut at any byte is none`() {
        let bytes = bytes(Self.full)
        for count in 0..<bytes.count {
            #expect(decode(Array(bytes[..<count])) == nil)
            // With a checksum of its own too, but for its message, which ends where the record does.
            let body = bytes[8..<max(8, count)]
            if count < bytes.count - Self.message.count { #expect(decode(sealed(body)) == nil, "\(count)") }
        }
    }

    @Test func `a record with any bit changed is none`() {
        let bytes = bytes(Self.full)
        for index in bytes.indices {
            for bit in 0..<8 {
                var changed = bytes
                changed[index] ^= 1 << bit
                #expect(decode(changed) == nil)
            }
        }
    }

    @Test func `fields that are not known are passed over, and a part that is not known is no record`() throws {
        let bytes = bytes(Self.ownerless)
        let known = Array(bytes[8...])
        // Where the block of fields begins: its length, then the stamp's tag, length and value.
        let block = known.count - Self.message.count - 18
        try #require(known[block] == 14)
        let further: [UInt8] = [9, 9, 3, 0, 0, 0, 1, 2, 3]
        var changed = known
        changed[block] += UInt8(further.count)
        changed.insert(contentsOf: further, at: block + 4)
        let read = sealed(changed)
        #expect(decode(read)?.record(in: read.span) == Self.ownerless)
        for (index, value) in [(block, UInt8(15)), (block + 6, UInt8(9))] {
            var wrong = known
            wrong[index] = value
            #expect(decode(sealed(wrong))?.record(in: sealed(wrong).span) != Self.ownerless)
        }
        var flagged = known
        flagged[17] |= 0x80
        #expect(decode(sealed(flagged)) == nil)
        var kind = Array(self.bytes(Self.unknown)[8...])
        kind[kind.count - Self.message.count - 1] = 77
        #expect(decode(sealed(kind))?.kind == .unknown)
    }

    @Test func `ids belong to their owners, and what has none matches any`() {
        let id: [UInt8] = [97]
        let (one, other) = (EventOwner([1]), EventOwner([2]))
        let identity = JournalRecord.Identity(id: id, owner: one)
        #expect(identity == JournalRecord.Identity(id: id, owner: EventOwner([1])))
        #expect(identity != JournalRecord.Identity(id: id, owner: other))
        #expect(identity != JournalRecord.Identity(id: id, owner: .unknown))
        #expect(!identity.matches(JournalRecord.Identity(id: id, owner: other)))
        #expect(identity.matches(JournalRecord.Identity(id: id, stamp: 5)))
        #expect(!identity.matches(JournalRecord.Identity(id: [98], stamp: 5)))
    }
}
