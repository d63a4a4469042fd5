import Support
import Testing
import WSQueueCore
import WSQueueLog
import WSQueueSequencer
import WSQueueSpool
import WSQueueSystem

/// Events on their way into the shared stream, as the sequencer hands them over.
struct SubmissionTests {
    private func event(nanoseconds: Int64 = 0) throws -> (SpooledEvent, [UInt8]) {
        let bytes = Array(#"{"event":"n"}"#.utf8)
        let text = try EventText.decode(bytes.span)
        return (SpooledEvent(text: text, stem: [97], nanoseconds: nanoseconds, modifiedNanoseconds: 0), bytes)
    }

    private func isWriting(_ orders: [StreamOrder]) -> Bool {
        orders.contains { if case .write = $0 { true } else { false } }
    }

    @Test func `one transaction is under way at a time`() throws {
        let sequencer = Sequencer(
            epoch: "e", after: 0, sharing: SharedOrder(stream: "s", historyEvents: 4))
        let (event, bytes) = try event()
        sequencer.submit(event, bytes.span)
        #expect(isWriting(sequencer.takeOrders()))
        sequencer.submit(event, bytes.span)
        #expect(!isWriting(sequencer.takeOrders()))
        _ = sequencer.hear(.written(number: 1, seq: 1))
        #expect(isWriting(sequencer.takeOrders()))
    }

    @Test func `an event without a time of its own has that of its file, in whole seconds`() throws {
        let (event, _) = try event(nanoseconds: 5_999_999_999)
        #expect(event.fields(seq: 1, channel: nil).unixSeconds == 5)
    }

    @Test func `an order of its own has submitted no file`() throws {
        try withTemporaryDirectory(isInMemory: true) { path in
            let directory = try Directory.open(path)
            _ = try SpoolWriter(directory).write(Array(#"{"event":"n"}"#.utf8).span, suffix: .event)
            var queue = SpoolQueue()
            _ = try queue.list(directory)
            let next = queue.next()
            let file = try #require(next)
            let source = FileSource(file, try directory.status(of: file.name), owner: .unknown)
            let isSubmitted = Sequencer(epoch: "e", after: 0).hasSubmitted(source, [UInt8]().span)
            #expect(!isSubmitted)
        }
    }
}
