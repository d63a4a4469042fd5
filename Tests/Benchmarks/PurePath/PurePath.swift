import WSQueueCore
import WSQueueHub
import WSQueueLog
import WSQueueSequencer
import WSQueueSpool
import WSQueueSystem

/// What the hub computes for an event, from the bytes of its file to the frame for clients and the record in the journal:
/// the sequencer and the recorder, with nothing around them.
///
/// No file, clock or socket is used, so each run executes the same instructions.
struct PurePath: ~Copyable {
    private var sequencer = Sequencer(epoch: "pure", after: 0)
    private var recorder: Recorder
    /// As the hub has it for all files of one user.
    private let owner = EventOwner(Array("33".utf8))

    private static let unixNanoseconds: Int64 = 1_792_000_000_000_000_000
    /// So many events are written and shown together, as in a pass of the hub over a few files.
    private static let passEvents = 64
    /// Few, so that segments come and go within a run of a few thousand events.
    private static let limits = JournalLimits(events: 1_000)

    init() throws {
        let log = try PublicationLog(minimumBytes: 4 * 1_048_576, seq: 0)
        // Shared, because a journal in memory knows identities only so.
        let journal = try JournalWriter(
            .memory, limits: Self.limits, epoch: "pure", unix: Self.unixNanoseconds, boot: "", isShared: true)
        recorder = Recorder(log, journal, payloadKey: "payload")
    }

    /// How many bytes clients would have been sent.
    var byteCount: UInt64 { recorder.position }

    /// The number of the last event.
    var seq: UInt64 { sequencer.seq }

    /// Takes `count` events that differ in their ids.
    mutating func take(_ count: Int, _ template: EventForm.Template) throws {
        var text = template.text
        var stem = Array("1792000000000000000-4711-0000000000".utf8)
        for number in 0..<count {
            increment(&stem, endingAt: stem.count)
            if let end = template.numberEnd { increment(&text, endingAt: end) }
            try append(text.span, stem)
            if number % Self.passEvents == Self.passEvents - 1 { try finishPass() }
        }
        try finishPass()
    }

    private mutating func append(_ bytes: Span<UInt8>, _ stem: [UInt8]) throws {
        let event = SpooledEvent(
            text: try EventFile.decode(bytes), stem: stem, nanoseconds: Self.unixNanoseconds,
            modifiedNanoseconds: Self.unixNanoseconds, owner: owner)
        let identity = event.identity(in: bytes)
        let facts = Sequencer.Facts(
            isKnown: recorder.knows(identity), expiresAtMicroseconds: event.text.expiresAtMicroseconds)
        guard case .send(let seq) = sequencer.decide(facts, unix: Self.unixNanoseconds) else { return }
        _ = recorder.record(event, bytes, identity, seq: seq, unix: Self.unixNanoseconds)
    }

    private mutating func finishPass() throws {
        _ = try recorder.commit(unix: Self.unixNanoseconds, finished: .max)
        _ = recorder.takeUnsynced()
        _ = recorder.takeRetired()
        recorder.publish(oldestNeeded: recorder.position)
    }

    /// Adds one to the decimal number that ends there.
    private func increment(_ text: inout [UInt8], endingAt end: Int) {
        var index = end - 1
        while text[index] == UInt8(ascii: "9") {
            text[index] = UInt8(ascii: "0")
            index -= 1
        }
        text[index] += 1
    }
}
