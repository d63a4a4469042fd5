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
            epoch: "e", after: 0,
            sharing: SharedOrder(stream: "s", state: "{s}:state", limits: KeptLimits(), aheadEvents: 2))
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

    /// Seconds from 1970: what the event says, what its name says, when its file was written, and how long it has waited
    /// in the end.
    @Test(
        arguments: [
            (said: 1_795_000_000, name: 1, written: 1_795_000_000, waited: 60),
            (said: nil, name: 1_794_999_000, written: 1_795_000_000, waited: 1_060),
            (said: 1_000_000_000, name: 1, written: 1_795_000_000, waited: 60),
            (said: nil, name: 1, written: 1_795_000_000, waited: 60),
            (said: 1_000_000_000, name: 1, written: 1_795_000_050, waited: 10),
            // A file that no one has changed for three years may have waited as long.
            (said: 1_700_000_000, name: 1, written: 1_700_000_000, waited: 95_000_060),
            // A copy that has lost its time, and a file system without times.
            (said: 1_700_000_000, name: 1, written: 1_795_000_060, waited: 0),
            (said: 1_795_000_000, name: 1, written: 0, waited: 60),
            (said: 4_000_000_000, name: 1, written: 1_795_000_000, waited: 60),
            (said: nil, name: 9_000_000_000, written: 1_795_000_000, waited: 60),
            (said: 1_795_000_090, name: 1, written: 1_795_000_000, waited: 0),
        ] as [(said: Int64?, name: Int64, written: Int64, waited: Int64)])
    func `nonsense in an event or its name is not how long it has waited`(
        said: Int64?, name: Int64, written: Int64, waited: Int64
    ) throws {
        let bytes = Array(#"{"event":"n"\#(said.map { ",\"queued_at\":\($0)" } ?? "")}"#.utf8)
        let event = SpooledEvent(
            text: try EventText.decode(bytes.span), stem: [97], nanoseconds: name * 1_000_000_000,
            modifiedNanoseconds: written * 1_000_000_000)
        #expect(event.waited(until: 1_795_000_060_000_000_000) == waited * 1_000_000_000)
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
