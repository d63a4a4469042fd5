import Testing
import WSQueueBroker
import WSQueueCore
import WSQueueSequencer
import WSQueueSystem
import WSQueueWire

@testable import WSQueueHub
@testable import WSQueueLog

/// The state beside the stream and what a server keeps: taken over from each other.
struct SharedStateTests {
    /// A recorder whose journal is in memory, and the events that it has recorded.
    private struct Rig: ~Copyable {
        var recorder: Recorder

        init(keys: Int = 100) throws {
            var limits = JournalLimits(events: 100)
            limits.kept = KeptLimits(keys: keys)
            let writer = try JournalWriter(.memory, limits: limits, epoch: "e", unix: 0, boot: "b", isShared: true)
            let publications = try PublicationLog(minimumBytes: 65_536, seq: 0)
            recorder = Recorder(publications, writer, payloadKey: "payload")
        }

        mutating func record(_ texts: [String]) throws {
            for (index, text) in texts.enumerated() {
                let entry = try #require(SharedStateTests.entry(UInt64(index + 1), text))
                let event = try EventRoom.event(in: entry, limitBytes: 65_536)
                let bytes = entry.event
                _ = recorder.record(event, bytes.span, event.identity(in: bytes.span), seq: entry.seq, unix: 1)
            }
            _ = try recorder.commit(unix: 1, finished: .max)
        }
    }

    private static let place = StreamPlace(attempt: 1, epoch: "e", first: 1, last: 4, probe: nil)

    fileprivate static func entry(_ seq: UInt64, _ text: String) -> StreamEntry? {
        StreamEntry(
            .list([.text(Array("0-\(seq)".utf8)), .list([.text(Array("e".utf8)), .text(Array(text.utf8))])]))
    }

    private static func kept(_ channel: String, _ key: String, _ number: UInt64, _ text: String) throws -> StreamKept {
        let value = Array("\(number) 0 e 5 0 0 1 2 0".utf8) + Array(text.utf8)
        return try #require(StreamKept(field: StreamKept.field(channel, Array(key.utf8)), value: value))
    }

    /// The fields that are corrected, the number that was seen there, and whether the state ends.
    private static func words(_ corrections: StateCorrections) -> [String] {
        stride(from: 0, to: corrections.words.count, by: 3).map { index in
            let parts = corrections.words[index...(index + 1)].map { String(decoding: $0, as: UTF8.self) }
            let field = parts[0].replacing("\0", with: "/")
            return "\(field) \(parts[1]) \(corrections.words[index + 2].isEmpty ? "ends" : "is")"
        }
    }

    @Test func `a key that there was no room for is said to be missing, where Redis does not have it`() throws {
        var rig = try Rig(keys: 1)
        try rig.record([
            #"{"event":"n","id":"1","key":"kept"}"#, #"{"event":"n","id":"2","key":"missing"}"#,
            #"{"event":"n","id":"3","key":"there"}"#,
        ])
        let past = StreamPast(
            epoch: "e", last: 4, kept: [try Self.kept("", "there", 3, #"{"event":"n","id":"3","key":"there"}"#)])
        #expect(Self.words(rig.recorder.corrections(of: past, Self.place)) == ["/kept !4 is", "/missing !4 is"])
    }

    @Test func `a stream that has lost events gets back the state, but for what has come since`() throws {
        var rig = try Rig()
        try rig.record([
            #"{"event":"n","id":"1","key":"same"}"#, #"{"event":"n","id":"2","key":"lost","channel":"c"}"#,
            #"{"event":"n","id":"3","key":"ended"}"#, #"{"event":"n","id":"4","key":"ended","clear":true}"#,
            #"{"event":"n","id":"5","key":"newer"}"#,
        ])
        // Redis has the first and the third, and one that came when it had forgotten the others.
        let past = StreamPast(
            epoch: "e", last: 4,
            kept: [
                try Self.kept("", "same", 1, #"{"event":"n","id":"1","key":"same"}"#),
                try Self.kept("", "ended", 3, #"{"event":"n","id":"3","key":"ended"}"#),
                try Self.kept("", "newer", 4, #"{"event":"n","id":"other","key":"newer"}"#),
                try Self.kept("", "further", 9, #"{"event":"n","key":"further"}"#),
            ])
        let words = Self.words(rig.recorder.corrections(of: past, Self.place))
        #expect(words == ["/same =1 is", "c/lost !4 is", "/ended =3 ends"])
    }

    @Test func `what has been ended since a stream lost events is not put back`() throws {
        var rig = try Rig()
        try rig.record([
            #"{"event":"n","id":"1","key":"kept"}"#, #"{"event":"n","id":"2","key":"ended"}"#,
            #"{"event":"n","id":"3","key":"again","clear":true}"#, #"{"event":"n","id":"4","key":"again"}"#,
        ])
        // The second of them this server knows: its own state is newer.
        let ended = [
            try Self.kept("", "ended", 2, #"{"event":"n","id":"other","key":"ended","clear":true}"#),
            try Self.kept("", "again", 3, #"{"event":"n","id":"3","key":"again","clear":true}"#),
            try Self.kept("c", "kept", 9, #"{"event":"n","id":"9","key":"kept","channel":"c","clear":true}"#),
        ]
        let corrections = rig.recorder.corrections(of: StreamPast(epoch: "e", last: 9, ended: ended), Self.place)
        #expect(Self.words(corrections) == ["/kept !9 is", "/again !9 is"])
        // Of a numbering that another server has begun all is newer.
        let others = rig.recorder.corrections(of: StreamPast(epoch: "f", last: 9, ended: ended), nil)
        #expect(Self.words(others) == ["/kept !9 is"])
    }

    @Test func `what was written back is taken over in its order, before what is newer`() throws {
        var rig = try Rig()
        try rig.record([
            #"{"event":"n","id":"1","key":"b","channels":["x","y"],"payload":1}"#,
            #"{"event":"n","id":"2","key":"a","payload":2,"expires_at":99999999999}"#,
        ])
        let words = rig.recorder.corrections(of: StreamPast(epoch: "e", last: 0), Self.place).words
        var kept = stride(from: 0, to: words.count, by: 3).compactMap {
            StreamKept(field: words[$0], value: words[$0 + 2])
        }
        #expect(kept.count == 3)
        kept.append(try Self.kept("", "c", 1, #"{"event":"n","id":"9","key":"c"}"#))
        kept.append(
            try #require(StreamKept(field: StreamKept.field("z", [1]), value: StreamKept.missingValue(number: 1))))
        var message = EventMessageWriter(payloadKey: "payload")
        let state = SharedState(KeptLimits(), eventLimitBytes: 65_536)
        let past = state.past(
            StreamPast(epoch: "f", last: 1, kept: kept.reversed()), &message, unix: 1_000_000_000)
        let (_, events) = try past.keep(upTo: 0, .memory, epoch: "f", KeptEvents())
        let found = events.events().map { "\($0.channels) \(String(decoding: $0.message, as: UTF8.self))" }
        #expect(found.count == 3)
        #expect(found[0].hasPrefix(#"["x", "y"] {"event":"n","payload":1"#) && found[0].contains(#""seq":1"#))
        #expect(found[1].hasPrefix(#"[] {"event":"n","payload":2"#))
        #expect(found[2].contains(#""id":"9""#))
        #expect(!events.isComplete(["z"]) { _ in true } && events.isComplete(["x"]) { _ in true })
        #expect(events.events()[1].expiresAtMicroseconds == 99_999_999_999_000_000)
    }

    @Test func `an entry that only one side has counted is corrected where it still stands`() throws {
        var rig = try Rig()
        try rig.record([
            #"{"event":"n","id":"1","key":"a"}"#, #"{"event":"n","id":"2","key":"b","channel":"c"}"#,
            #"{"event":"n","id":"3","key":"a","clear":true}"#,
        ])
        func words(_ text: String, isChanged: Bool) throws -> [String] {
            let entry = try #require(Self.entry(7, text))
            let event = try EventRoom.event(in: entry, limitBytes: 65_536)
            let corrections = rig.recorder.corrections(of: event, at: 7, isChanged: isChanged)
            return Self.words(corrections ?? StateCorrections(isPast: false))
        }
        #expect(try words(#"{"event":"n","key":"a"}"#, isChanged: true) == ["/a =7 ends"])
        #expect(
            try words(#"{"event":"n","key":"b","channels":["c","d"]}"#, isChanged: false) == [
                "c/b <7 is", "d/b <7 ends",
            ])
    }

    @Test func `one that is too large, or no event, is missing`() throws {
        var message = EventMessageWriter(payloadKey: "payload")
        let state = SharedState(KeptLimits(), eventLimitBytes: 100)
        for text in [#"{"event":"n","key":"a","payload":"\#(String(repeating: "x", count: 4_000))"}"#, "no event"] {
            let past = StreamPast(epoch: "f", last: 1, kept: [try Self.kept("", "a", 1, text)])
            let (_, events) = try state.past(past, &message, unix: 1).keep(upTo: 0, .memory, epoch: "f", KeptEvents())
            #expect(events.keyCount == 0)
            #expect(!events.isComplete([""]) { _ in true })
        }
    }

    @Test func `what has gone from the stream is no gap for those to whom it was nothing`() throws {
        var marks = HistoryMarks()
        var record = JournalRecord(
            seq: 4, unixNanoseconds: 1, identity: JournalRecord.Identity(id: [], owner: .unknown))
        record.parts.channels = ["logs"]
        marks.note(record)
        marks.end = 4
        var message = EventMessageWriter(payloadKey: "payload")
        let state = SharedState(KeptLimits(), eventLimitBytes: 65_536)
        let past = StreamPast(epoch: "e", last: 6, trimmed: (4, marks.bytes))
        func trimmed(upTo seq: UInt64) throws -> HistoryMarks {
            try state.past(past, &message, unix: 1).keep(upTo: seq, .memory, epoch: "e", KeptEvents()).trimmed
        }
        #expect(try !trimmed(upTo: 4).loss(after: 0, names: ["orders"], user: nil) { _ in true }.any)
        #expect(try trimmed(upTo: 4).loss(after: 0, names: ["logs"], user: nil) { _ in true }.any)
        // More has gone than is noted.
        #expect(try trimmed(upTo: 5).loss(after: 0, names: ["orders"], user: nil) { _ in true }.any)
        #expect(try !trimmed(upTo: 5).loss(after: 5, names: ["orders"], user: nil) { _ in true }.any)
    }
}
