import Testing

@testable import WSQueueSpool

struct FileArrivalTests {
    @Test func `what was found came between the notices that had been read and the next one`() {
        for count in 1...20 as ClosedRange<UInt64> {
            let found = FileArrival.found(after: count)
            #expect(FileArrival.notice(count) < found && found < FileArrival.notice(count + 1))
            #expect(!found.isNoticed && FileArrival.notice(count).isNoticed)
        }
    }
}
