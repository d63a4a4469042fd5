import Testing
import WSQueueSequencer

struct StreamKeptTests {
    @Test func `a record that is put back is read as it was written`() throws {
        let record = Array("m2 a record\0".utf8)
        let value = StreamKept.value(record, number: 7, order: 3, expiresAtMicroseconds: 12)
        #expect(String(decoding: value, as: UTF8.self).hasPrefix("7 12 m2 3 "))
        let read = try #require(StreamKept(field: StreamKept.field("c", [107]), value: value))
        #expect(read.channel == "c" && read.key == [107] && read.number == 7)
        #expect(read.content == .record(record, order: 3))
    }

    @Test func `what is known of the past is equal only where all of it is`() {
        func past(_ marks: [UInt8]?, last: UInt64 = 1, isSettled: Bool = true) -> StreamPast {
            StreamPast(epoch: "e", last: last, isSettled: isSettled, trimmed: marks.map { (1, $0) })
        }
        #expect(past([1]) == past([1]) && past(nil) == past(nil))
        #expect(past([1]) != past([2]) && past([1]) != past(nil))
        #expect(past([1]) != past([1], last: 2) && past([1]) != past([1], isSettled: false))
    }
}
