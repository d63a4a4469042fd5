import Testing
import WSQueueLog

struct JournalRecordTests {
    static let message = Array(#"{"event":"a","payload":1,"timestamp":2,"id":"x","seq":7}"#.utf8)

    static var full: JournalRecord {
        var record = JournalRecord(
            seq: 7, unixNanoseconds: 1_795_231_805_000_000_001,
            identity: JournalRecord.Identity(id: Array("ordër".utf8), stamp: -5))
        record.channels = ["a", "chat.room.1"]
        record.recipients = ["42", ""]
        record.except = -18
        return record
    }

    static var plain: JournalRecord {
        JournalRecord(seq: .max, unixNanoseconds: 0, identity: JournalRecord.Identity(id: [], stamp: 0))
    }

    static var line: JournalRecord {
        var record = full
        record.except = nil
        record.line = JournalRecord.Identity(id: Array("17-1-1/2".utf8), stamp: 1_795_231_805_000_000_001)
        return record
    }

    static var nobody: JournalRecord {
        var record = plain
        record.recipients = []
        return record
    }

    private func bytes(_ record: JournalRecord) -> [UInt8] {
        var bytes: [UInt8] = []
        record.append(to: &bytes, message: Self.message.span)
        return bytes
    }

    private func decode(_ bytes: [UInt8], at offset: Int) -> JournalRecordText? {
        JournalRecordText.decode(bytes.span, at: offset)
    }

    @Test(arguments: [full, plain, line, nobody])
    func `a record is read as it was written`(record: JournalRecord) throws {
        let bytes = bytes(record)
        let text = try #require(decode(bytes, at: 0))
        #expect(text.record(in: bytes.span) == record)
        #expect(Array(bytes[text.message]) == Self.message)
        #expect(text.end == bytes.count)
    }

    @Test func `a record behind others is found at its offset`() throws {
        let bytes = bytes(Self.plain) + bytes(Self.full)
        let first = try #require(decode(bytes, at: 0))
        #expect(decode(bytes, at: first.end)?.record(in: bytes.span) == Self.full)
    }

    @Test func `a record cut at any byte is none`() {
        let bytes = bytes(Self.line)
        for count in 0..<bytes.count { #expect(decode(Array(bytes[..<count]), at: 0) == nil) }
    }

    @Test func `a record with any bit changed is none`() {
        let bytes = bytes(Self.full)
        for index in bytes.indices {
            for bit in 0..<8 {
                var changed = bytes
                changed[index] ^= 1 << bit
                #expect(decode(changed, at: 0) == nil)
            }
        }
    }
}
