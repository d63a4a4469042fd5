import Testing
import WSQueueCore
import WSQueueWire

@testable import WSQueueBroker
@testable import WSQueueSequencer

struct NodeExchangeTests {
    private static let second: Int64 = 1_000_000_000
    private static let keys = NodeKeys(
        talk: "{s}:talk", nodes: "{s}:nodes", speaker: "{s}:speaker", stream: "s")

    /// An exchange and what it wanted done; each test plays Redis and the other nodes.
    private final class Talk {
        var exchange = NodeExchange(keys: keys, loopCount: 2, spread: { 7 })
        /// What was not taken by ``taken()``.
        private var actions: [NodeExchange.Action] = []

        func take(_ more: [NodeExchange.Action]) { actions += more }

        /// The actions since the last call that are no commands.
        func taken() -> [NodeExchange.Action] {
            defer { actions = [] }
            return actions.filter { if case .send = $0 { false } else { true } }
        }

        /// The commands since the last call of this or ``taken()``; messages of the channel as what they say.
        func sent() -> [[String]] {
            defer { actions.removeAll { if case .send = $0 { true } else { false } } }
            return actions.flatMap { if case .send(let commands) = $0 { commands.words } else { [[String]]() } }
        }

        /// What was said on the channel since the last call of this, of ``sent()`` or ``taken()``.
        func said() -> [NodeMessage.Body] {
            defer { actions.removeAll { if case .send = $0 { true } else { false } } }
            return actions.compactMap { action in
                guard case .send(let commands) = action else { return nil }
                var parser = RESPParser()
                parser.append(commands.bytes.span)
                guard case .value(let value) = try? parser.next(), let words = value.elements,
                    words.first?.string == "PUBLISH", let bytes = words.last?.bytes
                else { return nil }
                return try? NodeMessage.decode(bytes.span).body
            }
        }

        /// Connects, is given a number, and hears the channel.
        func begin(number: Int64 = 5, now: Int64 = 0) throws(RedisFault) {
            take(exchange.connect(now: now))
            take(exchange.receive(push: [.text("subscribe"), .text("{s}:talk"), .integer(1)], now: now))
            take(try exchange.receive(.integer(number), now: now))
        }

        /// Another node says something.
        func hear(_ body: NodeMessage.Body, from node: Int64 = 9, now: Int64 = 0) {
            let message = NodeMessage(sender: node, body: body).encode()
            take(exchange.receive(push: [.text("message"), .text("{s}:talk"), .text(message)], now: now))
        }

        /// Answers all commands that the beat sends, and those before it.
        func answer(_ answers: RESPValue..., now: Int64 = 0) throws(RedisFault) {
            for answer in answers { take(try exchange.receive(answer, now: now)) }
        }

        func turn(now: Int64) throws(RedisFault) { take(try exchange.turn(now: now)) }

        /// Becomes the speaker in the first beat.
        func speak() throws(RedisFault) {
            try begin()
            try turn(now: 0)
            // What was said at the beginning, the beat, and then who speaks.
            try answer(.integer(1), .integer(1), .null, .text("5"))
        }
    }

    private let talk = Talk()
    private static let call = NodeCall(channel: "room", recipients: nil, text: Array("{}".utf8))

    /// A user that is gone.
    private static func entry(_ user: String) -> PresenceEntry? {
        Label(user).map { PresenceEntry(place: PresencePlace(channel: "presence.room", user: $0), state: nil) }
    }

    private static func news(_ count: Int) -> PresenceNews {
        PresenceNews(channel: "room", kind: .join, users: [], unnamed: count, count: count)
    }

    private func tell(_ event: String, now: Int64) {
        talk.take(
            talk.exchange.tell(Self.news(1), event: Array(event.utf8), epoch: "epoch000", unix: 42, now: now))
    }

    // MARK: The connection

    @Test func `a node subscribes, is given a number, and says that it is there`() throws {
        talk.take(talk.exchange.connect(now: 0))
        #expect(talk.sent() == [["SUBSCRIBE", "{s}:talk"], ["INCR", "{s}:nodes"]])
        talk.take(try talk.exchange.receive(.integer(5), now: 0))
        #expect(talk.taken() == [.register(5), .change(.share(as: 5))])
        #expect(!talk.exchange.isListening, "the channel is not heard yet")
        talk.take(talk.exchange.receive(push: [.text("subscribe")], now: 0))
        #expect(talk.exchange.isListening)
        #expect(talk.said() == [.hello])
        #expect(talk.taken() == [.noteUp])
        #expect(talk.exchange.tellsWhole(now: 0))
    }

    @Test func `a push that is none of ours, or comes too early, changes nothing`() {
        talk.hear(.hello)
        talk.take(talk.exchange.receive(push: [.text("message"), .text("x")], now: 0))
        talk.take(talk.exchange.receive(push: [.text("message"), .text("x"), .integer(1)], now: 0))
        talk.take(talk.exchange.receive(push: [.text("unsubscribe")], now: 0))
        talk.take(talk.exchange.receive(push: [], now: 0))
        #expect(talk.taken().isEmpty)
    }

    @Test func `after a loss the number stays, and the log is told of both once`() throws {
        try talk.begin()
        _ = talk.taken()
        talk.take(talk.exchange.lose(.ended))
        talk.take(talk.exchange.lose(.silent))
        #expect(talk.taken() == [.note(.cutOff(.ended))])
        #expect(!talk.exchange.isListening)
        #expect(talk.exchange.dueAt == .max, "what is wanted waits for the connection")
        talk.take(talk.exchange.connect(now: 0))
        #expect(talk.sent() == [["SUBSCRIBE", "{s}:talk"]])
        talk.take(talk.exchange.receive(push: [.text("subscribe")], now: 0))
        #expect(talk.taken() == [.noteUp, .note(.back(5))])
    }

    @Test func `each second a node says that it is there, and asks who speaks and for the count`() throws {
        try talk.begin()
        _ = talk.sent()
        #expect(talk.exchange.dueAt <= 0)
        try talk.turn(now: 0)
        let beat = [
            ["SET", "{s}:speaker", "5", "NX", "GET", "PX", "5000"], ["GET", "{s}:nodes"],
        ]
        #expect(talk.sent().suffix(2) == beat)
        try talk.turn(now: Self.second - 1)
        #expect(talk.sent().isEmpty)
        talk.take(talk.exchange.tell(whole: [], now: 0))
        #expect(talk.exchange.dueAt == Self.second)
        try talk.turn(now: Self.second)
        #expect(talk.said().contains(.beat(version: 0)))
    }

    @Test(arguments: [(RESPValue.text("4"), true), (.null, true), (.text("5"), false), (.text("6"), false)])
    func `a count that has begun anew is raised above our number`(count: RESPValue, isRaised: Bool) throws {
        try talk.begin()
        try talk.turn(now: 0)
        _ = talk.sent()
        try talk.answer(.integer(1), .integer(1), .text("9"), count)
        #expect(talk.sent() == (isRaised ? [["INCRBY", "{s}:nodes", "12"]] : []))
    }

    @Test func `a Redis that does not answer for three seconds is given up`() throws {
        try talk.begin()
        try talk.turn(now: 0)
        try talk.turn(now: 3 * Self.second)
        let fault = #expect(throws: RedisFault.self) { try talk.turn(now: 3 * Self.second + 1) }
        #expect(fault == .silent)
        talk.take(talk.exchange.lose(.silent))
        try talk.turn(now: 99 * Self.second)
    }

    @Test func `an answer in between is progress`() throws {
        try talk.begin()
        try talk.turn(now: 0)
        try talk.answer(.integer(1), now: 2 * Self.second)
        try talk.turn(now: 5 * Self.second)
        #expect(throws: RedisFault.self) { try talk.turn(now: 5 * Self.second + 1) }
    }

    @Test func `a refused number, or a master that is none any more, ends the connection`() throws {
        talk.take(talk.exchange.connect(now: 0))
        let fault = #expect(throws: RedisFault.self) { try talk.answer(.error("OOM no room")) }
        #expect(fault?.code == "OOM")
        talk.take(talk.exchange.lose(.ended))
        try talk.begin()
        let second = #expect(throws: RedisFault.self) { try talk.answer(.error("READONLY you")) }
        #expect(second?.code == "READONLY")
    }

    @Test func `other refusals are noted, but for want of room`() throws {
        try talk.begin()
        try talk.turn(now: 0)
        _ = talk.taken()
        try talk.answer(.error("OOM no room"), .error("NOPERM no"))
        #expect(talk.taken() == [.note(.refused(RedisFault(refusal: "NOPERM no")))])
    }

    @Test func `answers that no command waits for, and a number that is none, change nothing`() throws {
        try talk.answer(.integer(5))
        talk.take(talk.exchange.connect(now: 0))
        try talk.answer(.integer(0))
        #expect(talk.taken().isEmpty)
    }

    @Test func `goodbye is said where there is someone to hear it, and the speaker makes room`() throws {
        talk.take(talk.exchange.leave(now: 0))
        #expect(talk.sent().isEmpty)
        try talk.begin()
        _ = talk.sent()
        talk.take(talk.exchange.leave(now: 0))
        #expect(talk.said() == [.bye])
        let other = Talk()
        try other.speak()
        _ = other.sent()
        other.take(other.exchange.leave(now: 0))
        #expect(other.sent().last == ["DEL", "{s}:speaker"])
    }

    // MARK: Other nodes

    @Test func `what other nodes say changes presence and the log`() throws {
        try talk.begin()
        _ = talk.taken()
        let entries = [try #require(Self.entry("u"))]
        talk.hear(.whole(version: 1, piece: 0, isLast: true, entries))
        talk.hear(.changes(version: 2, entries))
        #expect(
            talk.taken() == [
                .note(.found(9)), .change(.replace(entries, from: 9)), .change(.put(entries, from: 9)),
            ])
        talk.hear(.bye)
        #expect(talk.taken() == [.change(.lose(9)), .note(.lost(9, isOrderly: true))])
        talk.hear(.hello, now: 0)
        _ = talk.taken()
        try talk.answer(.integer(1), now: 6 * Self.second)
        try talk.turn(now: 6 * Self.second)
        #expect(talk.taken() == [.change(.lose(9)), .note(.lost(9, isOrderly: false))])
        talk.hear(.changes(version: 7, entries), from: 8)
        #expect(talk.said().contains(.ask(of: 8)))
    }

    @Test func `what is no message of a node is noted`() throws {
        try talk.begin()
        _ = talk.taken()
        talk.take(talk.exchange.receive(push: [.text("message"), .text("x"), .text("hello")], now: 0))
        #expect(talk.taken() == [.note(.foreign(.foreign))])
    }

    // MARK: Messages of clients

    @Test func `a message goes to all nodes, and its sender is told how many clients have got it`() throws {
        try talk.begin()
        talk.hear(.hello, from: 8)
        talk.hear(.hello, from: 9)
        _ = talk.taken()
        talk.take(talk.exchange.call(Self.call, isForOwn: false, loop: 1, ticket: 33, now: 0))
        #expect(talk.said() == [.pass(ticket: 1, Self.call)])
        talk.hear(.passed(to: 5, ticket: 1, count: 3), from: 8)
        talk.hear(.passed(to: 4, ticket: 1, count: 9), from: 9)
        #expect(talk.taken().isEmpty)
        talk.hear(.passed(to: 5, ticket: 1, count: 2), from: 9)
        #expect(talk.taken() == [.tellPassed(.init(loop: 1, ticket: 33, tally: Tally(count: 5)))])
    }

    @Test func `an order goes to all nodes, and what they answer is put together`() throws {
        let order = ApplicationOrder.count(ChannelQuery())
        try talk.begin()
        talk.take(talk.exchange.order(order, loop: 1, ticket: 33, now: NodeTable.silenceNanoseconds))
        #expect(talk.taken().contains(.tellPassed(.init(loop: 1, ticket: 33, tally: Tally(), isOrder: true))))
        talk.hear(.hello, from: 8)
        talk.hear(.hello, from: 9)
        _ = talk.taken()
        talk.take(talk.exchange.order(order, loop: 1, ticket: 33, now: 0))
        #expect(talk.said() == [.order(ticket: 1, order)])
        talk.hear(.answered(to: 5, ticket: 1, Tally(channels: [ChannelCount(channel: "b", clients: 1)])), from: 8)
        talk.hear(.answered(to: 5, ticket: 1, Tally(channels: [ChannelCount(channel: "a", clients: 2)])), from: 9)
        let channels = [ChannelCount(channel: "a", clients: 2), ChannelCount(channel: "b", clients: 1)]
        #expect(
            talk.taken() == [.tellPassed(.init(loop: 1, ticket: 33, tally: Tally(channels: channels), isOrder: true))])
    }

    @Test func `another node's order is carried out by all loops, and who is disconnected is told with the presence`()
        throws
    {
        let entry = Disconnection(user: try #require(Label("jane")), issuedUpTo: 5, until: 9)
        let order = ApplicationOrder.disconnect(entry, onlyOlder: false)
        try talk.begin()
        talk.hear(.hello)
        _ = talk.taken()
        talk.hear(.order(ticket: 77, order))
        talk.hear(.disconnected([entry]))
        #expect(talk.taken() == [.obey(order, ticket: 1), .learn([entry])])
        talk.take(talk.exchange.passed(1, Tally(count: 2), now: 0))
        talk.take(talk.exchange.passed(1, Tally(count: 3), now: 0))
        #expect(talk.said() == [.answered(to: 9, ticket: 77, Tally(count: 5))])
        talk.take(talk.exchange.tell(disconnected: [entry], now: 0))
        #expect(talk.said() == [.disconnected([entry])])
        talk.take(talk.exchange.tell(disconnected: [], now: 0))
        #expect(talk.said().isEmpty)
    }

    @Test func `an order that other nodes cannot hear of is not called complete`() throws {
        talk.take(talk.exchange.order(.close(connection: 7), loop: 0, ticket: 1, now: 0))
        let answer = CallsAbroad.Answer(loop: 0, ticket: 1, tally: Tally(isComplete: false), isOrder: true)
        #expect(talk.taken() == [.tellPassed(answer)])
    }

    @Test func `a node that has just come does not say that no other has clients`() throws {
        let answer = { (isComplete: Bool) in
            NodeExchange.Action.tellPassed(
                .init(loop: 0, ticket: 1, tally: Tally(isComplete: isComplete), isOrder: true))
        }
        let limit = NodeTable.silenceNanoseconds
        try talk.begin(now: Self.second)
        _ = talk.taken()
        talk.take(talk.exchange.order(.close(connection: 7), loop: 0, ticket: 1, now: Self.second + limit - 1))
        #expect(talk.taken() == [answer(false)])
        talk.take(talk.exchange.order(.close(connection: 7), loop: 0, ticket: 1, now: Self.second + limit))
        #expect(talk.taken() == [answer(true)])
        // After a while without Redis it is as new.
        talk.take(talk.exchange.lose(.ended))
        try talk.begin(now: Self.second + 3 * limit)
        _ = talk.taken()
        talk.take(talk.exchange.order(.close(connection: 7), loop: 0, ticket: 1, now: Self.second + 3 * limit + 1))
        #expect(talk.taken() == [answer(false)])
    }

    @Test func `without other nodes, or for clients here only, it is answered at once`() throws {
        let answer = NodeExchange.Action.tellPassed(.init(loop: 1, ticket: 33, tally: Tally()))
        talk.take(talk.exchange.call(Self.call, isForOwn: false, loop: 1, ticket: 33, now: 0))
        #expect(talk.taken() == [answer])
        try talk.begin()
        _ = talk.taken()
        talk.take(talk.exchange.call(Self.call, isForOwn: false, loop: 1, ticket: 33, now: 0))
        #expect(talk.taken() == [answer])
        talk.hear(.hello)
        _ = talk.taken()
        talk.take(talk.exchange.call(Self.call, isForOwn: true, loop: 1, ticket: 33, now: 0))
        #expect(talk.taken() == [answer])
    }

    @Test func `a sender does not wait for a node that is gone, for Redis, or for long`() throws {
        try talk.begin()
        talk.hear(.hello)
        _ = talk.taken()
        for ticket in UInt64(1)...3 {
            talk.take(talk.exchange.call(Self.call, isForOwn: false, loop: 0, ticket: ticket, now: 0))
            if ticket == 1 { talk.hear(.bye) }
            if ticket == 2 {
                #expect(talk.exchange.dueAt <= CallsAbroad.limitNanoseconds)
                try talk.turn(now: CallsAbroad.limitNanoseconds)
            }
            if ticket == 3 { talk.take(talk.exchange.lose(.ended)) }
            #expect(talk.taken().contains(.tellPassed(.init(loop: 0, ticket: ticket, tally: Tally(isComplete: false)))))
            if ticket < 3 { talk.hear(.hello) }
            _ = talk.taken()
        }
    }

    @Test func `a message of another node's client is handed out by all loops, and the sum is told`() throws {
        try talk.begin()
        talk.hear(.hello)
        _ = talk.taken()
        talk.hear(.pass(ticket: 77, Self.call))
        #expect(talk.taken() == [.hand(Self.call, ticket: 1)])
        talk.take(talk.exchange.passed(1, Tally(count: 2), now: 0))
        #expect(talk.said().isEmpty)
        talk.take(talk.exchange.passed(1, Tally(count: 3), now: 0))
        #expect(talk.said() == [.passed(to: 9, ticket: 77, count: 5)])
        talk.take(talk.exchange.passed(1, Tally(count: 3), now: 0))
        #expect(talk.said().isEmpty)
    }

    // MARK: Presence

    @Test func `the whole presence is told to newcomers, but not to each by itself`() throws {
        try talk.begin()
        #expect(talk.exchange.tellsWhole(now: 0))
        _ = talk.said()
        talk.take(talk.exchange.tell(whole: [], now: 0))
        #expect(talk.said() == [.whole(version: 0, piece: 0, isLast: true, [])])
        #expect(!talk.exchange.tellsWhole(now: Self.second))
        talk.hear(.hello)
        #expect(!talk.exchange.tellsWhole(now: 199_999_999))
        #expect(talk.exchange.tellsWhole(now: 200_000_000))
    }

    @Test func `a large presence is told in pieces, and changes are counted`() throws {
        try talk.begin()
        _ = talk.said()
        let entries = (0..<500).compactMap { Self.entry("user \($0)") }
        talk.take(talk.exchange.tell(whole: entries, now: 0))
        let pieces = talk.said()
        #expect(pieces.count > 1)
        let lasts = pieces.map { if case .whole(_, _, let isLast, _) = $0 { isLast } else { false } }
        #expect(lasts.firstIndex(of: true) == pieces.count - 1)
        talk.take(talk.exchange.tell(changes: [], now: 0))
        #expect(talk.said().isEmpty)
        talk.take(talk.exchange.tell(changes: [entries[0], entries[1]], now: 0))
        talk.take(talk.exchange.tell(changes: [entries[2]], now: 0))
        #expect(
            talk.said() == [
                .changes(version: 2, [entries[0], entries[1]]), .changes(version: 3, [entries[2]]),
            ])
        try talk.turn(now: 0)
        #expect(talk.said().contains(.beat(version: 3)))
    }

    @Test func `what was told, or waits to be told, is given up every ten seconds`() throws {
        #expect(talk.exchange.forgetting(now: 0) == (isDue: true, isUntoldToo: false))
        #expect(talk.exchange.forgetting(now: 10 * Self.second - 1).isDue == false)
        try talk.begin()
        #expect(talk.exchange.forgetting(now: 10 * Self.second) == (isDue: true, isUntoldToo: true))
        let other = Talk()
        try other.speak()
        #expect(other.exchange.forgetting(now: 0) == (isDue: true, isUntoldToo: false))
    }

    @Test func `a node speaks where none does, and is chosen again each second`() throws {
        try talk.begin()
        try talk.turn(now: 0)
        _ = talk.taken()
        #expect(!talk.exchange.tellsNews(now: 0))
        try talk.answer(.integer(1), .integer(1), .null, .text("5"), now: Self.second)
        #expect(talk.taken() == [.change(.beginTelling)])
        #expect(talk.sent().isEmpty)
        #expect(talk.exchange.tellsNews(now: 4 * Self.second - 1))
        #expect(!talk.exchange.tellsNews(now: 4 * Self.second), "a second sooner than Redis forgets it")
        try talk.turn(now: Self.second)
        _ = talk.sent()
        try talk.answer(.integer(1), .text("5"), .text("5"), now: 2 * Self.second)
        #expect(talk.sent() == [["PEXPIRE", "{s}:speaker", "5000"]])
        #expect(talk.exchange.tellsNews(now: 5 * Self.second - 1), "it counts from the question")
    }

    @Test func `news goes into the stream with what other nodes read of it`() throws {
        try talk.speak()
        _ = talk.sent()
        tell("first", now: 0)
        let told = String(decoding: PresenceTold(Self.news(1), sender: 5).encode(), as: UTF8.self)
        #expect(
            talk.sent() == [
                [
                    "XADD", "s", "0-*", "i", "presence-epoch000-5-1", "t", "42", "e", "first",
                    "p", told, "o", "",
                ]
            ])
        tell("second", now: 0)
        #expect(talk.sent().first?.contains("presence-epoch000-5-2") ?? false)
    }

    @Test func `without a number there is nothing to tell`() {
        tell("first", now: 0)
        #expect(talk.sent().isEmpty)
    }

    @Test func `news that was lost or refused is sent again, in order, before anything newer`() throws {
        try talk.speak()
        for event in ["a", "b", "c"] { tell(event, now: 0) }
        _ = talk.sent()
        try talk.answer(.text("0-1"), .error("OOM no room"))
        try talk.turn(now: Self.second)
        _ = talk.sent()
        // The third has no answer yet: nothing is sent again beside it.
        talk.take(talk.exchange.lose(.ended))
        #expect(!talk.exchange.tellsNews(now: Self.second))
        _ = talk.sent()
        talk.take(talk.exchange.connect(now: Self.second))
        talk.take(talk.exchange.receive(push: [.text("subscribe")], now: Self.second))
        try talk.turn(now: Self.second)
        _ = talk.sent()
        try talk.answer(.integer(1), .integer(1), .text("5"), now: Self.second)
        let again = talk.sent()
        #expect(again.map(\.first) == ["PEXPIRE", "XADD", "XADD"])
        #expect(again.dropFirst().map { $0[8] } == ["b", "c"])
        try talk.turn(now: 2 * Self.second)
        _ = talk.sent()
        // The count, the prolonging, both news, the beat; then it is chosen again.
        try talk.answer(.text("5"), .integer(1), now: 2 * Self.second)
        tell("d", now: 2 * Self.second)
        _ = talk.sent()
        try talk.answer(.text("0-2"), .integer(1), .integer(1), .text("5"), now: 2 * Self.second)
        #expect(!talk.sent().contains { $0.first == "XADD" }, "what is under way is not sent twice")
    }

    @Test func `who speaks no more leaves all news to the other`() throws {
        try talk.speak()
        tell("a", now: 0)
        talk.take(talk.exchange.lose(.ended))
        talk.take(talk.exchange.connect(now: 0))
        talk.take(talk.exchange.receive(push: [.text("subscribe")], now: 0))
        try talk.turn(now: 0)
        try talk.answer(.integer(1), .integer(1), .text("9"))
        #expect(!talk.exchange.tellsNews(now: 0))
        try talk.turn(now: Self.second)
        _ = talk.sent()
        try talk.answer(.text("5"), .integer(1), .null)
        #expect(talk.sent().isEmpty)
        #expect(talk.exchange.tellsNews(now: 0))
    }

    @Test func `with a thousand news that are not answered no more are sent`() throws {
        try talk.speak()
        for _ in 0..<1_023 { tell("x", now: 0) }
        #expect(talk.exchange.tellsNews(now: 0))
        tell("x", now: 0)
        #expect(!talk.exchange.tellsNews(now: 0))
        try talk.answer(.text("0-1"))
        #expect(talk.exchange.tellsNews(now: 0))
    }
}
