import Testing
import WSQueueBroker
import WSQueueCore
import WSQueueSession
import WSQueueWire

struct ReplayPiecesTests {
    private typealias Pieces = ReplayPieces<Int>

    private let slot = 3

    private func replay(
        _ channels: [String] = [], channel: String? = nil, since: String = "e1:12", epoch: String = "e1"
    ) throws -> Replay {
        Replay(
            PastRequest(since: try cursor(since), channel: channel), channels: channels,
            bounds: PastBounds(epoch: epoch, precedingSeq: 10, lastSeq: 20), seq: 20, now: 0)
    }

    private func table(_ names: [String], user: String? = nil) throws -> SubscriptionTable {
        var table = SubscriptionTable()
        table.name(7, slot: slot)
        if let user { table.identify(slot, as: Identity(user: try #require(Label(user)))) }
        for name in names { table.subscribe(slot, to: try #require(ChannelPattern(name))) }
        return table
    }

    private func kind(
        _ names: [String] = [], user: String? = nil, _ replay: Replay? = nil, view: EventView = .logged(nil)
    ) throws -> Pieces.Kind? {
        try Conversation(view: view).session.kind(
            of: try replay ?? self.replay(names), slot: slot, try table(names, user: user))
    }

    private func piece(_ numbers: Range<UInt64>) -> Pieces.Piece {
        var frames = ReplayFrames()
        for number in numbers where number % 2 == 0 {
            frames.append(Array("\(number)".utf8)[...], channel: nil, as: .logged(nil), next: number + 1, offset: 0)
        }
        return Pieces.Piece(frames, start: Int(numbers.lowerBound), numbers: numbers, offset: 100)
    }

    @Test func `clients that ask for the same are of one kind`() throws {
        let same = try kind(["a", "b"])
        #expect(same != nil)
        #expect(try same == kind(["a", "b"]))
        #expect(try same == kind(["a", "b"], user: "bob"))
        let others = [
            try kind(["a"]), try kind(["a", "b.*"]), try kind(["a", "b"], replay(["a", "b"], channel: "a")),
            try kind(["a", "b"], replay(["a"])), try kind(["a", "b"], view: .logged(EventFilter("x"))),
            try kind(["a", "b"], view: .chat(nil)), try kind(["a", "b"], view: .stream(epoch: "e1", as: .events, nil)),
            try kind(["a", "b"], replay(["a", "b"], since: "e0:12")),
            try kind(["a", "b"], replay(["a", "b"], since: "e2:12", epoch: "e2")),
        ]
        for other in others { #expect(other != nil && other != same) }
    }

    @Test func `what depends on who a client is, or is asked for each event, is no kind`() throws {
        #expect(try kind(["a.*"]) != nil)
        #expect(try kind(["a.*"], user: "bob") == nil)
        #expect(try kind(["a"], view: .payload(nil)) == nil)
        #expect(try kind((0..<16).map { "a\($0)" }) != nil)
        #expect(try kind((0..<17).map { "a\($0)" }) == nil)
    }

    @Test func `other rules make another kind`() throws {
        var table = try table(["a.*"])
        let before = table.likeness(of: slot)
        #expect(before == table.likeness(of: slot))
        table.access = Access()
        #expect(before != table.likeness(of: slot))
    }

    @Test func `a piece is found by any of its numbers, by those who were sent none of them live`() throws {
        var pieces = Pieces()
        let kind = try #require(try kind())
        let other = try #require(try self.kind(["a"]))
        pieces.keep(piece(11..<15), kind)
        pieces.keep(piece(15..<18), kind)
        #expect(pieces.find(kind, at: 11, settled: 20)?.start == 11)
        #expect(pieces.find(kind, at: 14, settled: 14)?.start == 11)
        #expect(pieces.find(kind, at: 15, settled: 20)?.start == 15)
        #expect(pieces.find(kind, at: 14, settled: 13) == nil)
        #expect(pieces.find(kind, at: 10, settled: 20) == nil)
        #expect(pieces.find(kind, at: 18, settled: 20) == nil)
        #expect(pieces.find(other, at: 11, settled: 20) == nil)
        pieces.removeAll()
        #expect(pieces.find(kind, at: 11, settled: 20) == nil)
    }

    @Test func `so many pieces are kept, the newest`() throws {
        var pieces = Pieces()
        let kind = try #require(try kind())
        let count = UInt64(Pieces.limit)
        for number in 0..<(2 * count + 1) { pieces.keep(piece(number..<(number + 1)), kind) }
        #expect((0...count).allSatisfy { pieces.find(kind, at: $0, settled: .max) == nil })
        #expect(((count + 1)..<(2 * count + 1)).allSatisfy { pieces.find(kind, at: $0, settled: .max) != nil })
    }

    @Test func `a client is sent the frames from its number on`() {
        let frames = piece(11..<15).frames
        let (one, two) = (
            FrameEncoder.frame(.text, Array("12".utf8).span), FrameEncoder.frame(.text, Array("14".utf8).span)
        )
        #expect(frames.bytes == one + two)
        #expect([11, 12, 13, 14, 15].map { frames.start(of: $0) } == [0, 0, 4, 4, 8])
        #expect(frames.count(begunIn: 4, 5) == 1)
        #expect(frames.count(begunIn: 0, 5) == 2)
        #expect(frames.count(begunIn: 4, 4) == 0)
        #expect(frames.count(begunIn: 4, 8) == 1)
        #expect(frames.mark(after: 4, 4) == nil)
        #expect(frames.mark(after: 4, 5)?.next == 15)
    }

    @Test func `nothing is settled that was sent live or is held back`() throws {
        let conversation = try Conversation()
        #expect(conversation.session.settled(during: try replay()) == 20)
        _ = try conversation.open("channels=a")
        conversation.seq = 30
        #expect(conversation.session.settled(during: try replay()) == 20)
        let early = Replay(
            PastRequest(since: try cursor("e1:12"), channel: nil), channels: [],
            bounds: PastBounds(epoch: "e1", precedingSeq: 10, lastSeq: 20), seq: 15, now: 0)
        #expect(conversation.session.settled(during: early) == 15)
    }
}
