import Testing
import WSQueueBroker
import WSQueueCore
import WSQueueLog
import WSQueueSession
import WSQueueWire

struct PastTests {
    private func replay(
        _ since: String, channel: String? = nil, channels: [String] = [], seq: UInt64 = 20, isShared: Bool = false
    ) throws -> Replay {
        let bounds = PastBounds(epoch: "e1", precedingSeq: 10, lastSeq: 20, isShared: isShared)
        return Replay(
            PastRequest(since: try cursor(since), channel: channel), channels: channels, bounds: bounds, seq: seq,
            now: 0)
    }

    /// One to which all is lost before the oldest record.
    private func lost(_ since: String, channel: String? = nil, channels: [String] = []) throws -> Replay {
        var replay = try replay(since, channel: channel, channels: channels)
        replay.lose(upTo: 10)
        return replay
    }

    @Test(
        arguments: [
            ("e1:15", 15, 16, nil), ("e1:10", 10, 11, nil), ("e1:20", 20, 21, nil),
            ("e1:3", 10, 4, nil), ("e0:15", 20, 21, "e0:15 e1:20 epoch"),
            ("e1:21", 20, 21, "e1:21 e1:20 epoch"),
            ("e1:18446744073709551615", 20, 21, "e1:18446744073709551615 e1:20 epoch"),
        ] as [(String, UInt64, UInt64, String?)])
    func `a replay begins where the client stands, or after what is lost to it`(
        since: String, start: UInt64, next: UInt64, gap: String?
    ) throws {
        let replay = try replay(since)
        #expect(replay.start == start)
        #expect(replay.nextSeq == next)
        #expect(replay.reached == next - 1)
        #expect(replay.gap.map { "\($0.from.text) \($0.to.text) \($0.reason.rawValue)" } == gap)
        #expect(replay.left(upTo: 20) == 21 - next)
        #expect(replay.heldSince == 20)
    }

    @Test func `a loop that is not as far as the journal has a replay end where it stands`() throws {
        var replay = try replay("e1:3", seq: 8)
        #expect(replay.start == 8)
        // What is gone before the oldest record is looked at first.
        #expect(replay.step(seq: 8, isFollowing: true, now: 0) == .read)
        replay.pass(upTo: 8)
        #expect(replay.step(seq: 8, isFollowing: true, now: 0) == .finish)
        #expect(replay.gap == nil)
    }

    @Test func `records are read until the loop's place is reached`() throws {
        var replay = try replay("e1:18")
        #expect(replay.step(seq: 20, isFollowing: true, now: 0) == .read)
        replay.lose(upTo: 19)
        #expect(replay.step(seq: 20, isFollowing: true, now: 0) == .read)
        replay.lose(upTo: 20, reason: .epoch)
        #expect(replay.step(seq: 20, isFollowing: true, now: 0) == .finish)
        #expect(replay.gap == ResumeGap(from: try cursor("e1:18"), to: try cursor("e1:20"), reason: .trimmed))
        #expect(replay.left(upTo: 20) == 0)
    }

    @Test func `a place that only another server can know is waited for, and longer while that is not heard`() throws {
        var replay = try replay("e1:25", isShared: true)
        #expect(replay.start == 25)
        #expect(replay.step(seq: 20, isFollowing: true, now: 4_999_999_999) == .wait)
        #expect(replay.gap == nil)
        #expect(replay.step(seq: 20, isFollowing: false, now: 4_999_999_999) == .wait)
        #expect(replay.step(seq: 20, isFollowing: true, now: 9_999_999_998) == .wait)
        #expect(replay.gap == nil)
        #expect(replay.step(seq: 25, isFollowing: true, now: 9_999_999_998) == .finish)
        #expect(replay.step(seq: 20, isFollowing: true, now: 9_999_999_999) == .finish)
        #expect(replay.gap?.reason == .epoch)
    }

    /// The loop stands at 20. Up to 25 the client has had what is in `a`, from another loop or server, and nothing of `b`.
    @Test(arguments: [(30, false), (20, true)] as [(UInt64, Bool)])
    func `of one channel a client may be ahead of its loop, and gets what comes of the others`(
        lastSeq: UInt64, isShared: Bool
    ) throws {
        let bounds = PastBounds(epoch: "e1", precedingSeq: 10, lastSeq: lastSeq, isShared: isShared)
        let request = PastRequest(since: try cursor("e1:25"), channel: "a")
        var replay = Replay(request, channels: ["a"], bounds: bounds, seq: 20, now: 0)
        #expect(replay.nextSeq == 21)
        #expect(replay.step(seq: 20, isFollowing: true, now: 0) == .wait)
        #expect(replay.step(seq: 25, isFollowing: true, now: 0) == .read)
        var reception = Reception()
        for name in ["a", "b"] { reception.begin(name, since: 20) }
        for (seq, name, isSent) in [(25, "a", false), (26, "a", true), (21, "b", true)] as [(UInt64, String, Bool)] {
            let isLacking = reception.lacks(seq, isForUser: false, ways: [[name]], clientSince: 20, during: replay)
            #expect(isLacking == isSent, "\(seq) in \(name)")
        }
        replay.pass(upTo: 24)
        #expect(replay.step(seq: 24, isFollowing: true, now: 0) == .wait)
        var come = replay
        come.pass(upTo: 25)
        #expect(come.step(seq: 25, isFollowing: true, now: 0) == .finish && come.gap == nil)
        #expect(replay.step(seq: 24, isFollowing: true, now: 5_000_000_000) == .finish)
        #expect(replay.gap?.reason == .epoch)
    }

    /// The rows: what its request that waits is about, and up to where it has everything.
    @Test(arguments: [(nil, 18), ("a", 12)] as [(String?, UInt64)])
    func `a place in one channel says nothing of what a client has of others`(
        channel: String?, reached: UInt64
    ) throws {
        let bounds = PastBounds(epoch: "e1", precedingSeq: 10, lastSeq: 20)
        let request = PastRequest(since: try cursor("e1:18"), channel: channel)
        #expect(bounds.reached(waiting: request, sent: 12, seq: 20) == reached)
    }

    @Test func `a socket that takes nothing for too long is stuck`() throws {
        var replay = try replay("e1:15")
        #expect(!replay.isStuck(now: 10, limitNanoseconds: 10))
        #expect(replay.isStuck(now: 11, limitNanoseconds: 10))
        replay.noteProgress(now: 5)
        #expect(!replay.isStuck(now: 15, limitNanoseconds: 10))
    }

    // MARK: Which record is for whom

    /// The rows: what the client asks for, the record's number, its way, and whether it is sent.
    @Test(
        arguments: [
            // Everything after 12 was sent live: what lies before is sent, what lies after is not.
            (nil, 11, [nil], true), (nil, 13, [nil], false),
            // What is held back, after 20, is sent whatever was asked for.
            (nil, 21, [nil], true), ("a", 21, [nil], true), (nil, 21, [["a"]], true),
            // The past of one channel does not bring that of another, or of none.
            ("a", 11, [nil], false), ("a", 11, [["a"]], true), ("a", 15, [["a"]], false), ("a", 11, [["b"]], false),
            (nil, 13, [["a"]], true), (nil, 14, [["a"]], true), (nil, 15, [["a"]], false),
            // Through the pattern it has been sent live since 12 already.
            ("a", 13, [["a", "*"]], false), ("a", 12, [["a", "*"]], true),
            // One of several copies that was sent live is enough.
            (nil, 13, [["a"], nil], false),
            // No copy is for the client.
            (nil, 21, [], false), (nil, 11, [], false),
            // A subscription that has ended brings nothing live.
            (nil, 21, [["gone"]], false),
        ] as [(String?, UInt64, [[String]?], Bool)])
    func `a client gets what it would have been sent live, and has not been`(
        channel: String?, seq: UInt64, ways: [[String]?], isSent: Bool
    ) throws {
        var reception = Reception()
        reception.begin("a", since: 14)
        reception.begin("*", since: 12)
        let replay = try replay("e1:10", channel: channel, channels: channel.map { [$0] } ?? ["a", "*"])
        #expect(
            reception.lacks(seq, isForUser: false, ways: ways, clientSince: 12, during: replay) == isSent)
    }

    @Test func `what is for a user was sent live only since the client is that user`() throws {
        var reception = Reception()
        reception.identify(since: 15)
        let replay = try replay("e1:10")
        #expect(reception.lacks(14, isForUser: true, ways: [nil], clientSince: 12, during: replay))
        #expect(!reception.lacks(14, isForUser: false, ways: [nil], clientSince: 12, during: replay))
        #expect(!reception.lacks(16, isForUser: true, ways: [nil], clientSince: 12, during: replay))
    }

    @Test func `a replay extends what was sent, back to where it began`() throws {
        var reception = Reception()
        reception.begin("a", since: 14)
        reception.begin("b", since: 5)
        reception.extend(["a", "b", "c"], back: 11)
        let replay = try replay("e1:10", channels: ["a", "b", "c"])
        #expect(!reception.lacks(12, isForUser: false, ways: [["a"]], clientSince: 20, during: replay))
        #expect(reception.lacks(11, isForUser: false, ways: [["a"]], clientSince: 20, during: replay))
        #expect(reception.contains("b"))
        #expect(!reception.contains("c"))
        reception.end("b")
        #expect(reception.count == 1)
    }

    @Test func `the end of a replay is told, with what is lost`() throws {
        let client = try Conversation()
        _ = try client.open("channels=a")
        #expect(
            client.finish(try replay("e1:15", channels: ["a"])).told == [
                #"{"action":"resumed","cursor":"e1:20","complete":true}"#
            ])
        #expect(client.finish(try replay("e1:15", channel: "a", channels: ["a"])).told == [])
        let gap = #""gap":{"from":"e1:3","to":"e1:10","reason":"trimmed"}"#
        let told = #"{"action":"resumed","cursor":"e1:20","complete":false,\#(gap)}"#
        #expect(client.finish(try lost("e1:3", channel: "a", channels: ["a"])).told == [told])
        let reader = try Conversation(.stream)
        #expect(reader.finish(try replay("e1:15")).told == ["position e1:20"])
        #expect(reader.finish(try lost("e1:3")).told == [told, "position e1:20"])
    }

    @Test func `a channel that is subscribed to during a replay has its past only from where the loop stands`() throws {
        for (isReplaying, isSent) in [(true, true), (false, false)] {
            let client = try Conversation()
            _ = try client.open()
            client.reached = 15
            client.isReplaying = isReplaying
            _ = client.say("subscribe", #"{"channel":"a"}"#)
            var table = SubscriptionTable()
            table.subscribe(4, to: try pattern("a"))
            let record = try self.record(17, channels: ["a"])
            let replay = try replay("e1:10", channel: "a", channels: ["a"])
            var heard = HeardChannels()
            let copy = client.session.copy(of: record, during: replay, inheritedSeq: 0, slot: 4, table, &heard)
            #expect((copy == .channel("a", except: .none)) == isSent)
        }
    }

    @Test func `a connection that an older server left out is not left out again`() throws {
        var table = SubscriptionTable()
        table.name(7, slot: 4)
        let client = try Conversation()
        let record = try self.record(15, except: 7)
        let replay = try replay("e1:10")
        var heard = HeardChannels()
        let old = client.session.copy(of: record, during: replay, inheritedSeq: 15, slot: 4, table, &heard)
        let new = client.session.copy(of: record, during: replay, inheritedSeq: 14, slot: 4, table, &heard)
        #expect(old == .everyone)
        #expect(new == nil)
    }

    @Test func `what a replay has brought is not sent again by the next, and what lies before it is`() throws {
        let client = try Conversation()
        _ = client.finish(try replay("e1:15"))
        let next = try replay("e1:10")
        let table = SubscriptionTable()
        for (seq, isSent) in [(12, true), (15, true), (16, false), (19, false)] as [(UInt64, Bool)] {
            var heard = HeardChannels()
            let copy = client.session.copy(
                of: try self.record(seq), during: next, inheritedSeq: 0, slot: 4, table, &heard)
            #expect((copy == .everyone) == isSent, "\(seq)")
        }
    }

    @Test func `a replay keeps its place in the journal`() throws {
        var writer = try JournalWriter(.memory, limits: JournalLimits(), epoch: "e1", unix: 0, boot: "b")
        for seq in 1...3 as ClosedRange<UInt64> {
            let identity = JournalRecord.Identity(id: [UInt8(seq)], stamp: 0)
            writer.stage(
                JournalRecord(seq: seq, unixNanoseconds: 0, identity: identity), message: Array("{}".utf8).span)
        }
        _ = try writer.commit(unix: 0)
        let journal = writer.journal
        var replay = Replay(
            PastRequest(since: try cursor("e1:1"), channel: nil), channels: [],
            bounds: PastBounds(journal, numbersOf: "e1"), seq: 3, now: 0)
        #expect(replay.position == nil)
        let start = try #require(journal.position(after: replay.reached))
        replay.find(start)
        let found = try #require(replay.position)
        let first = try #require(try journal.read(from: found, limitBytes: 1))
        let text = JournalRecordText.decode(first.records.span, at: 0)
        let end = try #require(text?.end)
        replay.advance(to: 3, at: first.position(at: end))
        #expect(replay.nextSeq == 3)
        let advanced = try #require(replay.position)
        let next = try #require(try journal.read(from: advanced, limitBytes: 1))
        #expect(JournalRecordText.decode(next.records.span, at: 0)?.seq == (text?.seq ?? 0) + 1)
        #expect(PastBounds(journal, numbersOf: "e1") == PastBounds(epoch: "e1", precedingSeq: 0, lastSeq: 3))
    }

    @Test func `a journal that has begun anew has none of the numbers of a loop that is not told yet`() throws {
        let writer = try JournalWriter(
            .memory, limits: JournalLimits(), epoch: "e1", unix: 0, boot: "b", isShared: true)
        let bounds = PastBounds(writer.journal, numbersOf: "e0")
        for place in ["e0:1", "e0:3", "e0:9", "e1:2"] {
            let since = try cursor(place)
            #expect(!bounds.isAwaited(since) && bounds.start(after: since, seq: 3) == 3)
            let replay = Replay(PastRequest(since: since, channel: nil), channels: [], bounds: bounds, seq: 3, now: 0)
            #expect(replay.gap?.to == (try cursor("e0:3")) && replay.nextSeq == 4)
        }
    }

    /// The rows: whether the client came as the user, or became it later; and whether it is sent again what was for it.
    @Test(arguments: [(true, false), (false, true)])
    func `what a replay has brought to a user is not sent again with the past of another channel`(
        cameAsUser: Bool, isSent: Bool
    ) throws {
        let client = try Conversation()
        _ = try client.open("channels=a", as: cameAsUser ? try bearer("u") : nil)
        _ = client.finish(try replay("e1:15", channels: ["a"]))
        if !cameAsUser { _ = client.authenticate(.success((try bearer("u"), nil)), channels: ["a"]) }
        _ = client.say("subscribe", #"{"channel":"b","since":"e1:15"}"#)
        var table = SubscriptionTable()
        table.identify(4, as: try bearer("u").identity)
        for name in ["a", "b"] { table.subscribe(4, to: try pattern(name)) }
        let record = try self.record(17, channels: ["a", "b"], recipients: ["u"])
        let replay = try replay("e1:15", channel: "b", channels: ["b"])
        var heard = HeardChannels()
        let copy = client.session.copy(of: record, during: replay, inheritedSeq: 0, slot: 4, table, &heard)
        #expect((copy != nil) == isSent)
    }

    /// The rows: the channel of an event with a key that is gone before a client had it, and what is lost to the client:
    /// it has the events of `b` live, and is getting the past and the state of `a`.
    @Test(arguments: [("a", "key"), ("b", "all"), ("c", "none")])
    func `what is held back of other channels may be gone too, and no state makes up for it`(
        channel: String, lost: String
    ) throws {
        let client = try Conversation()
        _ = try client.open("channels=a,b")
        var table = SubscriptionTable()
        for name in ["a", "b"] { table.subscribe(4, to: try pattern(name)) }
        var journal = try JournalWriter(.memory, limits: JournalLimits(events: 1), epoch: "e1", unix: 0, boot: "b")
        for seq in 1...60 as ClosedRange<UInt64> {
            var record = JournalRecord(
                seq: seq, unixNanoseconds: 0, identity: JournalRecord.Identity(id: [65], stamp: 0))
            record.parts.channels = [seq == 25 ? channel : "d"]
            record.parts.key = [66]
            journal.stage(record, message: Array("{}".utf8).span)
            _ = try journal.commit(unix: 0)
        }
        _ = journal.trim(finished: 60)
        let trimmed = journal.journal.trimmed
        #expect(trimmed.end >= 25)
        let replay = try replay("e1:20", channel: "a", channels: ["a"])
        let loss = client.session.loss(of: trimmed, during: replay, slot: 4, table)
        #expect((loss.plain ? "all" : loss.any ? "key" : "none") == lost)
    }

    private func record(
        _ seq: UInt64, channels: [String] = [], recipients: [String]? = nil, except: Int64? = nil
    ) throws -> JournalRecordText {
        var record = JournalRecord(
            seq: seq, unixNanoseconds: 0, identity: JournalRecord.Identity(id: [65], stamp: 0))
        record.parts.channels = channels
        record.parts.recipients = recipients
        record.parts.excepts = except.map { [$0] } ?? []
        var bytes: [UInt8] = []
        record.append(to: &bytes, message: Array("{}".utf8).span)
        let text = JournalRecordText.decode(bytes.span, at: 0)
        return try #require(text)
    }
}
