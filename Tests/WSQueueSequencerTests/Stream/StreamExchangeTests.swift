import Testing
import WSQueueWire

@testable import WSQueueSequencer

struct StreamExchangeTests {
    private static let second: Int64 = 1_000_000_000

    /// An exchange whose Redis does what it is asked, and what it wanted done.
    private struct Talk {
        var exchange = StreamExchange(
            writer: StreamWriter(keys: .test, replicas: 0),
            reader: StreamReader(keys: .test, after: 4, epoch: "mine0000"))
        var actions: [StreamExchange.Action] = []
        var attempt = 0

        mutating func answer(
            _ answers: RESPValue..., from connection: StreamExchange.Connection, now: Int64
        ) throws(RedisFault) {
            for answer in answers { actions += try exchange.receive(answer, from: connection, now: now) }
        }

        mutating func connectWriter(now: Int64 = 0) throws(RedisFault) {
            actions += exchange.connect(.writer)
            try answer(.integer(1), .null, .ok, from: .writer, now: now)
        }

        mutating func connectReader(now: Int64 = 0) throws(RedisFault) {
            actions += exchange.connect(.reader)
            attempt += 1
            try answer(.ok, .text("mine0000"), .error("ERR no such key"), .list([]), from: .reader, now: now)
            actions += exchange.obey(.follow(after: 4, attempt: attempt), now: now)
        }

        var notes: [StreamExchange.Action] {
            actions.filter {
                switch $0 {
                case .noteUp, .noteDown: true
                case .send, .tell: false
                }
            }
        }
    }

    @Test func `Redis is up once both connections do what they are asked, whichever is first`() throws {
        var talk = Talk()
        try talk.connectWriter()
        #expect(talk.notes.isEmpty)
        try talk.connectReader()
        #expect(talk.notes == [.noteUp(seconds: 0)])
        talk = Talk()
        try talk.connectReader()
        #expect(talk.notes.isEmpty)
        try talk.connectWriter()
        #expect(talk.notes == [.noteUp(seconds: 0)])
        talk.actions += talk.exchange.obey(.follow(after: 4, attempt: 1), now: 9)
        #expect(talk.notes.count == 1, "it is told once")
    }

    @Test func `each reason is told once until Redis is up again, and for how long it was away`() throws {
        var talk = Talk()
        try talk.connectWriter()
        try talk.connectReader()
        talk.actions = []
        for (second, fault) in [(1, RedisFault.silent), (3, .ended), (4, .silent)] {
            talk.actions += talk.exchange.lose(fault, now: Int64(second) * Self.second)
        }
        #expect(
            talk.notes == [
                .noteDown(.silent, seconds: 0, isNew: true), .noteDown(.ended, seconds: 2, isNew: true),
                .noteDown(.silent, seconds: 3, isNew: false),
            ])
        #expect(talk.actions.filter { $0 == .tell(.down) }.count == 3)
        talk.actions = []
        try talk.connectWriter(now: 6 * Self.second)
        try talk.connectReader(now: 6 * Self.second)
        #expect(talk.notes == [.noteUp(seconds: 5)])
        talk.actions = talk.exchange.lose(.silent, now: 20 * Self.second)
        #expect(talk.notes == [.noteDown(.silent, seconds: 0, isNew: true)])
    }

    @Test func `the hub learns of the loss when it is known to all`() throws {
        var talk = Talk()
        let actions = talk.exchange.lose(.silent, now: 0)
        #expect(actions == [.noteDown(.silent, seconds: 0, isNew: true), .tell(.down)])
        talk = Talk()
        try talk.connectReader()
        _ = talk.exchange.turn(unread: 0, now: 0)
        _ = talk.exchange.receive(part: .list([.text("0-5"), .list([])]))
        guard case .tell(.entries) = talk.exchange.lose(.ended, now: 0).first else {
            Issue.record("what came before is lost")
            return
        }
    }

    @Test func `after a fault Redis is up when the batch that waited is in the stream`() throws {
        var talk = Talk()
        try talk.connectWriter()
        try talk.connectReader()
        #expect(talk.exchange.obey(.write(StreamBatch(1, ["a"])), now: 0).isEmpty)
        talk.actions = talk.exchange.turn(unread: 0, now: 0)
        #expect(talk.actions.count == 2, "a transaction and a read")
        talk.actions = talk.exchange.lose(.silent, now: 0)
        talk.actions = []
        try talk.connectReader(now: Self.second)
        try talk.connectWriter(now: Self.second)
        #expect(talk.notes.isEmpty)
        talk.actions += talk.exchange.turn(unread: 0, now: Self.second)
        try talk.answer(
            .ok, .queued, .queued, .list([.text("0-5"), .ok]), .ok, from: .writer, now: 2 * Self.second)
        #expect(talk.notes == [.noteUp(seconds: 2)])
        #expect(talk.actions.contains(.tell(.written(number: 1, seq: 5))))
    }

    @Test func `numbers that the stream gives again have the reader look at it anew`() throws {
        var talk = Talk()
        try talk.connectWriter()
        try talk.connectReader()
        _ = talk.exchange.obey(.write(StreamBatch(1, ["a"])), now: 0)
        _ = talk.exchange.turn(unread: 0, now: 0)
        try talk.answer(.ok, .queued, .queued, .list([.text("0-2"), .ok]), .ok, from: .writer, now: 0)
        #expect(talk.exchange.turn(unread: 0, now: 0).isEmpty, "the read under way is waited for")
        talk.exchange.finishParts()
        guard case .send(let commands, .reader) = talk.exchange.turn(unread: 0, now: 0).first else {
            Issue.record("the stream is not looked at")
            return
        }
        #expect(commands.words.first?.first == "SET")
    }

    @Test func `a numbering is renamed on the reader's connection`() throws {
        var talk = Talk()
        _ = talk.exchange.connect(.reader)
        try talk.answer(.ok, .text("mine0000"), .error("ERR no such key"), .list([]), from: .reader, now: 0)
        let actions = talk.exchange.obey(
            .renew(from: "mine0000", to: "new00000", attempt: 1, StateCorrections(isPast: true)), now: 0)
        guard case .send(let commands, .reader) = actions.first else {
            Issue.record("nothing is sent")
            return
        }
        #expect(commands.words.first == ["WATCH", "{s}:epoch"])
    }

    @Test func `a push answers no command`() throws {
        var talk = Talk()
        _ = talk.exchange.connect(.writer)
        for answer in [RESPValue.push([.text("invalidate")]), .integer(1), .push([]), .null, .ok] {
            talk.actions += try talk.exchange.receive(answer, from: .writer, now: 0)
        }
        #expect(talk.actions == [.tell(.fenced(sent: nil))])
    }

    @Test func `an answer of the reader that does not come whole is over when its parts are`() throws {
        var talk = Talk()
        try talk.connectReader()
        #expect(talk.exchange.turn(unread: 0, now: 0).count == 1)
        #expect(talk.exchange.turn(unread: 0, now: 0).isEmpty)
        talk.exchange.finishParts()
        #expect(talk.exchange.turn(unread: 0, now: 0).count == 1)
        #expect(talk.exchange.isReading(unread: 0))
        #expect(!talk.exchange.isReading(unread: .max))
    }
}
