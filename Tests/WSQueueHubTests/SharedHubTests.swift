import Support
import Testing
import WSQueueCore
import WSQueueLog
import WSQueueSequencer
import WSQueueSystem
import WSQueueWire

/// A hub whose order several servers share: what the stream brings, number by number.
struct SharedHubTests {
    private func withHub(_ body: (HubHarness) throws -> Void) throws {
        try withTemporaryDirectory(isInMemory: true) { path in
            let hub = try HubHarness(path, isShared: true)
            hub.turn([.fenced(sent: nil), .attached(place(first: 1, last: 0))])
            try body(hub)
        }
    }

    private func place(epoch: String = "e", first: UInt64, last: UInt64) -> StreamPlace {
        StreamPlace(attempt: 1, epoch: epoch, first: first, last: last, probe: nil)
    }

    private func entry(_ seq: UInt64, _ text: String, isInState: Bool = false) throws -> StreamEntry {
        var fields = [RESPValue.text(Array("e".utf8)), .text(Array(text.utf8))]
        if isInState { fields += [.text(Array("k".utf8)), .text(Array("1".utf8))] }
        return try #require(StreamEntry(.list([.text(Array("0-\(seq)".utf8)), .list(fields)])))
    }

    /// The numbers of the records that a replay would read.
    private func recorded(_ history: Journal) throws -> [UInt64] {
        var numbers: [UInt64] = []
        guard var position = history.position(after: 0) else { return [] }
        while let chunk = try history.read(from: position, limitBytes: 65_536) {
            var offset = 0
            while let text = chunk.text(at: offset) {
                numbers.append(text.seq)
                offset = text.end
            }
            position = chunk.position(at: offset)
        }
        return numbers
    }

    @Test func `a number that no event bears is an event for nobody`() throws {
        try withHub { hub in
            let entries = [
                try entry(1, #"{"event":"n","id":"a"}"#), try entry(2, #"{"event":"late","expires_at":1}"#),
                try entry(3, #"{"event":"n","id":"a"}"#), try entry(4, "no event"), try entry(5, #"{"event":"n"}"#),
            ]
            hub.turn([.entries(entries)])
            let published = hub.published()
            #expect(published.numbers == [1, 2, 3, 4, 5])
            #expect(published.map { $0.audience == .everyone } == [true, false, false, false, true])
            #expect(
                published.allSatisfy {
                    $0.audience == .everyone || $0.audience == .users([], channel: nil, except: .none)
                })
            // Loops and replays find each number.
            #expect(hub.publications.snapshot(since: 0).seq == 5)
            #expect(try recorded(hub.history) == [1, 2, 3, 4, 5])
            let log = hub.logged()
            #expect(log.count { $0 == "event.duplicate" } == 1)
            #expect(log.count { $0 == "event.expired" } == 1)
            #expect(log.count { $0 == "stream.foreign" } == 1)
        }
    }

    @Test func `a state that has expired before it came here has ended the one before it, as elsewhere`() throws {
        try withHub { hub in
            hub.turn([
                .entries([
                    try entry(1, #"{"event":"n","key":"k","channel":"a"}"#),
                    try entry(2, #"{"event":"n","key":"k","channel":"b"}"#),
                    try entry(3, #"{"event":"n","key":"k","channel":"a","expires_at":1}"#),
                ])
            ])
            #expect(hub.publications.snapshot(since: 0).seq == 3)
            #expect(hub.history.kept.events.events().map(\.seq) == [2])
        }
    }

    @Test func `the last number counts though no event bears it`() throws {
        try withHub { hub in
            hub.turn([.entries([try entry(1, #"{"event":"late","expires_at":1}"#)])])
            #expect(hub.publications.snapshot(since: 0).seq == 1)
            #expect(hub.history.lastSeq == 1)
        }
    }

    @Test func `a number that no event bears here may be one elsewhere, and says nothing of the stream`() throws {
        try withHub { hub in
            let large = #"{"event":"n","id":"a","payload":"\#(String(repeating: "x", count: 200_000))"}"#
            hub.turn([.entries([try entry(1, large)])])
            #expect(hub.logged().count { $0 == "stream.foreign" } == 1)
            let probe = StreamPlace(attempt: 2, epoch: "e", first: 1, last: 1, probe: try entry(1, large))
            hub.turn([.down, .attached(probe)])
            #expect(!hub.logged().contains("redis.lost"))
        }
    }

    @Test func `an event that came too late is sent when it comes again with more time`() throws {
        try withHub { hub in
            hub.turn([.entries([try entry(1, #"{"event":"n","id":"a","expires_at":1}"#)])])
            #expect(hub.published().map { $0.audience == .everyone } == [false])
            hub.turn([.entries([try entry(2, #"{"event":"n","id":"a"}"#)])])
            #expect(hub.published().map { $0.audience == .everyone } == [true])
        }
    }

    @Test func `clients are let in when the stream has no more, though it had when it was found`() throws {
        try withTemporaryDirectory(isInMemory: true) { path in
            let hub = try HubHarness(path, isShared: true)
            hub.turn([.fenced(sent: nil), .attached(place(first: 1, last: 2))])
            hub.turn([.entries([try entry(1, #"{"event":"n"}"#)])])
            #expect(!hub.gate.isAdmitting)
            hub.turn([.readToEnd])
            #expect(hub.gate.isAdmitting)
        }
    }

    @Test func `clients are let in once everything is here that was there`() throws {
        try withTemporaryDirectory(isInMemory: true) { path in
            let hub = try HubHarness(path, isShared: true)
            #expect(!hub.gate.isAdmitting)
            hub.turn([.fenced(sent: nil), .attached(place(first: 1, last: 2))])
            #expect(!hub.gate.isAdmitting)
            hub.turn([.entries([try entry(1, #"{"event":"n"}"#), try entry(2, "foreign")])])
            #expect(hub.gate.isAdmitting)
        }
    }

    @Test func `entries that were trimmed before they were read begin the history anew`() throws {
        try withHub { hub in
            hub.turn([.entries([try entry(1, #"{"event":"n"}"#), try entry(7, #"{"event":"n"}"#)])])
            // What is beside the stream has to be known first.
            #expect(hub.seq == 1)
            hub.turn([.past(StreamPast(epoch: "e", last: 7))])
            #expect(hub.seq == 7)
            #expect(hub.history.precedingSeq == 6)
            #expect(hub.renumberings.count == 1)
            #expect(hub.logged().contains("journal.restart"))
        }
    }

    @Test func `another numbering takes the place of this one`() throws {
        try withHub { hub in
            hub.turn([.entries([try entry(1, #"{"event":"n"}"#)])])
            hub.turn([.down, .attached(place(epoch: "f", first: 1, last: 0))])
            #expect(hub.history.epoch == "e")
            hub.turn([.past(StreamPast(epoch: "f", last: 0))])
            #expect(hub.history.epoch == "f")
            #expect(hub.seq == 0)
        }
    }

    /// A field of the hash beside the stream with an event that is the state of a key.
    private func kept(_ channel: String, _ key: String, _ number: UInt64, _ text: String) throws -> StreamKept {
        let value = Array("\(number) 0 e 5 2 1 1 2 0mei".utf8) + Array(text.utf8)
        return try #require(
            StreamKept(field: StreamKept.field(channel, Array(key.utf8)), value: value))
    }

    /// The messages of the state in its order, each with its channels.
    private func state(_ hub: HubHarness) -> [String] {
        hub.history.kept.events.events().map { event in
            "\(event.channels.joined(separator: "+")) \(String(decoding: event.message, as: UTF8.self))"
        }
    }

    @Test func `a history that begins anew takes over the state, and older events do not change it`() throws {
        try withHub { hub in
            hub.turn([.entries([try entry(1, #"{"event":"n","key":"own"}"#)])])
            hub.turn([.down, .attached(place(epoch: "f", first: 3, last: 6))])
            let old = #"{"event":"n","key":"a","payload":1}"#
            let new = #"{"event":"n","key":"b","channels":["x","y"],"payload":2}"#
            let past = StreamPast(
                epoch: "f", last: 6,
                kept: [try kept("y", "b", 5, new), try kept("", "a", 2, old), try kept("x", "b", 5, new)])
            hub.turn([.past(past)])
            #expect(!hub.gate.isAdmitting)
            let stale = #"{"event":"n","key":"a","payload":0}"#
            let cleared = #"{"event":"n","key":"b","channel":"y","clear":true}"#
            hub.turn([
                .entries([
                    try entry(3, stale, isInState: true), try entry(4, #"{"event":"n"}"#),
                    try entry(5, new, isInState: true),
                    try entry(6, #"{"event":"n"}"#),
                ])
            ])
            #expect(hub.gate.isAdmitting)
            #expect(
                state(hub) == [
                    #" {"event":"n","payload":1,"timestamp":0,"id":"i","seq":2,"key":"a"}"#,
                    #"x+y {"event":"n","payload":2,"timestamp":0,"id":"i","seq":5,"copies":2,"key":"b"}"#,
                ])
            #expect(hub.history.kept.events.isComplete(nil) { _ in true })
            hub.turn([.entries([try entry(7, cleared, isInState: true)])])
            #expect(state(hub).count == 2)
            #expect(hub.history.kept.events.places(of: ["y"]).isEmpty)
        }
    }

    @Test func `an older entry that did not change the state beside the stream leaves it in doubt`() throws {
        try withHub { hub in
            hub.turn([.down, .attached(place(epoch: "f", first: 3, last: 6))])
            hub.turn([.past(StreamPast(epoch: "f", last: 6))])
            hub.turn([.entries([try entry(3, #"{"event":"n","key":"a"}"#)])])
            #expect(!hub.history.kept.events.isComplete(nil) { _ in true })
        }
    }

    @Test func `files are submitted and wait for the answer, known and late ones go`() throws {
        try withHub { hub in
            hub.turn([.entries([try entry(1, #"{"event":"n","id":"a"}"#)])])
            try hub.place("1700000000000000001-1-1-ab.json", #"{"event":"n","id":"a"}"#)
            try hub.place("1700000000000000002-1-2-ab.json", #"{"event":"late","expires_at":1}"#)
            try hub.place("1700000000000000003-1-3-ab.json", #"{"event":"n","id":"b"}"#)
            try hub.place("1700000000000000004-1-4-ab.jsonl", "{\"event\":\"n\",\"id\":\"a\"}\n{\"event\":\"n\"}\n")
            hub.turn()
            hub.turn()
            #expect(hub.names == ["1700000000000000003-1-3-ab.json", "1700000000000000004-1-4-ab.jsonl"])
            #expect(hub.seq == 1)
            hub.turn([.written(number: 1, seq: 4)])
            #expect(hub.names.isEmpty)
        }
    }

    @Test func `files that a process before this one has submitted are only deleted`() throws {
        try withTemporaryDirectory(isInMemory: true) { path in
            let hub = try HubHarness(path, isShared: true)
            try hub.place("1700000000000000001-1-1-ab.json", #"{"event":"n"}"#)
            let status = try Directory.open(hub.path).status(of: FileName("1700000000000000001-1-1-ab.json"))
            var sent: [UInt8] = []
            RESPCommand.append(
                ["process-1", "1700000000000000001-1-1-ab.json", "\(status.modifiedNanoseconds)"], to: &sent)
            hub.turn([.fenced(sent: sent), .attached(place(first: 1, last: 0))])
            hub.turn()
            #expect(hub.names.isEmpty)
        }
    }
}
