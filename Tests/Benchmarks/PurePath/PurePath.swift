import WSQueueBroker
import WSQueueCore
import WSQueueLog
import WSQueueSpool
import WSQueueSystem
import WSQueueWire

/// What the hub computes for an event, from the bytes of its file to the frame for clients and the record in the journal.
///
/// No file, clock or socket is used, so each run executes the same instructions. It follows what `SpoolPump` does with
/// an event, and changes with it.
struct PurePath: ~Copyable {
    private var message = EventMessageWriter()
    private var broker = Broker(seq: 0)
    private var writer: PublicationWriter
    private var journal: JournalWriter

    private static let unixNanoseconds: Int64 = 1_792_000_000_000_000_000
    /// So many events are written and shown together, as in a pass of the hub over a few files.
    private static let passEvents = 64
    /// Few, so that segments come and go within a run of a few thousand events.
    private static let limits = JournalLimits(events: 1_000)

    init() throws {
        let log = try PublicationLog(minimumBytes: 4 * 1_048_576, seq: 0)
        // Shared, because a journal in memory knows identities only so.
        let opened = try JournalWriter(
            .memory, limits: Self.limits, epoch: "pure", unix: Self.unixNanoseconds, boot: "", isShared: true)
        writer = PublicationWriter(log)
        journal = opened
    }

    /// How many bytes clients would have been sent.
    var byteCount: UInt64 { writer.position }

    /// The number of the last event.
    var seq: UInt64 { broker.seq }

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
        let text = try EventFile.decode(bytes)
        let identity =
            text.idLabel(in: bytes).map { JournalRecord.Identity(id: $0.bytes, stamp: 0) }
            ?? JournalRecord.Identity(id: stem, stamp: Self.unixNanoseconds)
        guard !journal.knows(identity) else { return }
        let addressing = Broker.Addressing(
            channels: text.channels.map(\.name), recipients: text.recipients.map { $0.map(\.text) },
            except: text.except)
        let decision = broker.publish(addressing, expiresAtSeconds: nil, nowSeconds: 1_792_000_000)
        guard case .send(let seq, let audiences) = decision else { return }
        for audience in audiences {
            message.write(text, fields(text, stem, seq: seq, channel: audience.channel), in: bytes)
            appendFrame(seq: seq, audience: audience)
        }
        stage(text, identity, stem, bytes, seq: seq)
    }

    private mutating func appendFrame(seq: UInt64, audience: Audience) {
        let text = message.message
        let bytes = text.span
        let header = FrameEncoder.headerLength(payloadLength: bytes.count)
        writer.append(byteCount: header + bytes.count, seq: seq, audience: audience) { output in
            FrameEncoder.writeHeader(.text, payloadLength: bytes.count, to: &output)
            output.append(memory: bytes)
        }
    }

    private mutating func stage(
        _ text: EventText, _ identity: JournalRecord.Identity, _ stem: [UInt8], _ bytes: Span<UInt8>, seq: UInt64
    ) {
        var record = JournalRecord(seq: seq, unixNanoseconds: Self.unixNanoseconds, identity: identity)
        if !text.channels.isEmpty {
            record.channels = text.channels.map(\.name)
            message.write(text, fields(text, stem, seq: seq, channel: nil), in: bytes)
        }
        record.recipients = text.recipients.map { $0.map(\.text) }
        record.except = text.except
        let written = message.message
        journal.stage(record, message: written.span)
    }

    private func fields(_ text: EventText, _ stem: [UInt8], seq: UInt64, channel: String?) -> EventMessageFields {
        EventMessageFields(
            unixSeconds: Self.unixNanoseconds / 1_000_000_000, id: text.id == nil ? stem : [], seq: seq,
            channel: channel.flatMap { Channel($0) })
    }

    private mutating func finishPass() throws {
        _ = try journal.commit(unix: Self.unixNanoseconds)
        _ = journal.takeUnsynced()
        _ = journal.takeRetired()
        writer.publish(oldestNeeded: writer.position)
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
