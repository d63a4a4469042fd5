import Testing
import WSQueueBroker
import WSQueueCore

struct NodeMessageTests {
    private static func entry(_ user: String, _ state: Bool = true) -> PresenceEntry {
        let label = Label(user) ?? Label("none")!
        let shown = PresentUser(user: label, info: Array(#"{"a":1}"#.utf8), status: "away", activity: Array("7".utf8))
        return PresenceEntry(
            place: PresencePlace(channel: "presence.room", user: label),
            state: state ? PresenceState(user: shown, stamp: PresenceStamp(count: 9, node: 3)) : nil)
    }

    private static var disconnection: Disconnection {
        Disconnection(user: Label("jane") ?? Label("none")!, issuedUpTo: -1, until: 1 << 60)
    }

    // Made anew each time: LeakSanitizer does not find what a global holds behind the spare bits of an enum's pointers.
    private static var bodies: [NodeMessage.Body] {
        [
            .beat(version: .max), .hello, .ask(of: 7), .bye,
            .changes(version: 2, [entry("1"), entry("ü", false)]),
            .whole(version: 3, piece: 4, isLast: true, []), .whole(version: 3, piece: 0, isLast: false, [entry("1")]),
            .pass(ticket: 5, NodeCall(channel: "chat", recipients: nil, text: Array("{}".utf8))),
            .pass(ticket: 5, NodeCall(channel: "chat", recipients: [1, 1 << 40], text: Array("[1]".utf8))),
            .passed(to: 2, ticket: 5, count: 3),
            .order(
                ticket: 6,
                .count(
                    ChannelQuery(
                        prefix: "a", patterns: ["a.*", "b"].compactMap { ChannelPattern($0) }, after: "b", limit: 7))),
            .order(ticket: 6, .count(ChannelQuery())), .order(ticket: 6, .close(connection: -1)),
            .order(ticket: 6, .disconnect(disconnection, onlyOlder: true)),
            .order(ticket: 6, .forget(channel: "presence.room", nil)),
            .order(ticket: 6, .forget(channel: "presence.room", [disconnection.user])),
            .answered(
                to: 2, ticket: 6,
                Tally(count: 3, channels: [ChannelCount(channel: "a.*", clients: 2)], hasMore: true, isComplete: false)),
            .disconnected([disconnection, disconnection]),
        ]
    }

    @Test(arguments: bodies)
    func `a message is read as it was written, and not when it is cut or longer`(body: NodeMessage.Body) throws {
        let message = NodeMessage(sender: 12, body: body)
        let bytes = message.encode()
        #expect(try NodeMessage.decode(bytes.span) == message)
        for count in 0..<bytes.count {
            #expect(throws: NodeMessageFault.self) { try NodeMessage.decode(Array(bytes.prefix(count)).span) }
        }
        #expect(throws: NodeMessageFault.foreign) { try NodeMessage.decode((bytes + [0]).span) }
    }

    @Test func `another version is told from garbage`() throws {
        var bytes = NodeMessage(sender: 1, body: .hello).encode()
        try #require(bytes.count > 3)
        bytes[3] = 2
        #expect(throws: NodeMessageFault.version(2)) { try NodeMessage.decode(bytes.span) }
        #expect(throws: NodeMessageFault.foreign) { try NodeMessage.decode(Array("hello".utf8).span) }
    }

    @Test func `whatever bytes are changed, nothing is read that clients must not be handed`() {
        var random = SplitMix(state: 1)
        for body in Self.bodies {
            let bytes = NodeMessage(sender: 12, body: body).encode()
            for _ in 0..<2_000 {
                var changed = bytes
                for _ in 0..<Int.random(in: 1...3, using: &random) {
                    changed[Int.random(in: 0..<changed.count, using: &random)] = UInt8.random(
                        in: 0...255, using: &random)
                }
                guard let message = try? NodeMessage.decode(changed.span) else { continue }
                if case .pass(_, let call) = message.body {
                    #expect(Channel.isValid(call.channel) && (try? JSONScanner.validate(call.text.span)) != nil)
                }
                if case .changes(_, let entries) = message.body {
                    for entry in entries { #expect(Channel(entry.place.channel)?.kind == .presence) }
                }
            }
        }
    }

    @Test func `what stands beside news is read as it was written`() throws {
        for users in [nil, [], [try #require(Label("1")), try #require(Label("ü"))]] {
            let told = PresenceTold(sender: 3, channel: "presence.room", kind: .leave, users: users)
            let bytes = told.encode()
            #expect(PresenceTold.decode(bytes.span) == told)
            for count in 0..<bytes.count { #expect(PresenceTold.decode(Array(bytes.prefix(count)).span) == nil) }
        }
    }

    @Test func `much presence goes in pieces that are read`() throws {
        let entries = (0..<2_000).map { Self.entry("user-\($0)") }
        let pieces = NodeMessage.pieces(of: entries)
        #expect(pieces.count > 1 && pieces.flatMap(\.self) == entries)
        for piece in pieces {
            let bytes = NodeMessage(sender: 1, body: .whole(version: 1, piece: 0, isLast: true, piece)).encode()
            #expect(bytes.count < 65_536)
        }
        #expect(NodeMessage.pieces(of: []) == [[]])
    }
}

struct NodeTableTests {
    private static let second: Int64 = 1_000_000_000
    private func heard(_ table: inout NodeTable, _ body: NodeMessage.Body, from: Int64 = 2, at: Int64) -> [NodeTable
        .Action]
    {
        table.hear(NodeMessage(sender: from, body: body), now: at)
    }

    @Test func `a node is found once, and lost when it is silent for too long`() {
        var table = NodeTable(node: 1)
        _ = table.connect(now: 0)
        #expect(heard(&table, .hello, at: 0) == [.found(2), .tellWhole])
        #expect(heard(&table, .hello, at: 1) == [.tellWhole])
        #expect(table.tick(now: 5 * Self.second).isEmpty)
        #expect(table.tick(now: 6 * Self.second) == [.lost(2, isOrderly: false)])
        #expect(table.alive.isEmpty)
        #expect(table.tick(now: 60 * Self.second).isEmpty)
    }

    @Test func `what could not be heard is no silence`() {
        var table = NodeTable(node: 1)
        _ = table.connect(now: 0)
        _ = heard(&table, .hello, at: 0)
        _ = table.connect(now: 60 * Self.second)
        #expect(table.tick(now: 64 * Self.second).isEmpty)
        #expect(table.tick(now: 66 * Self.second) == [.lost(2, isOrderly: false)])
    }

    @Test func `goodbye is no silence`() {
        var table = NodeTable(node: 1)
        _ = heard(&table, .hello, at: 0)
        #expect(heard(&table, .bye, at: 1) == [.lost(2, isOrderly: true)])
        #expect(heard(&table, .bye, at: 2).isEmpty)
    }

    @Test func `what is missing is noticed by the count and asked for once a second`() {
        var table = NodeTable(node: 1)
        #expect(
            heard(&table, .whole(version: 5, piece: 0, isLast: true, []), at: 0) == [.found(2), .replace([], from: 2)])
        #expect(heard(&table, .beat(version: 5), at: 1).isEmpty)
        #expect(heard(&table, .beat(version: 6), at: 2) == [.say(.ask(of: 2))])
        #expect(heard(&table, .beat(version: 6), at: 3).isEmpty)
        #expect(heard(&table, .beat(version: 6), at: 2 * Self.second) == [.say(.ask(of: 2))])
        // The whole is as of a count; what comes late and is in it changes nothing.
        #expect(
            heard(&table, .whole(version: 6, piece: 0, isLast: true, []), at: 3 * Self.second) == [
                .replace([], from: 2)
            ])
        #expect(heard(&table, .changes(version: 6, []), at: 3 * Self.second).isEmpty)
    }

    @Test func `own words, and questions to others, ask for nothing`() {
        var table = NodeTable(node: 1)
        #expect(heard(&table, .hello, from: 1, at: 0).isEmpty)
        #expect(heard(&table, .ask(of: 3), at: 0) == [.found(2)])
        #expect(heard(&table, .passed(to: 3, ticket: 1, count: 1), at: 0).isEmpty)
        #expect(heard(&table, .ask(of: 1), at: 0) == [.tellWhole])
    }

    @Test func `a message's sender hears of the sum once all have answered, or after a second`() {
        var calls = CallsAbroad()
        let first = calls.add(loop: 0, ticket: 70, nodes: [2, 3], now: 0)
        let second = calls.add(loop: 1, ticket: 71, nodes: [2, 3], now: 1)
        #expect(calls.passed(first, by: 2, Tally(count: 4)) == nil)
        #expect(calls.passed(first, by: 2, Tally(count: 4)) == nil)
        #expect(
            calls.passed(first, by: 3, Tally(count: 5))
                == CallsAbroad.Answer(loop: 0, ticket: 70, tally: Tally(count: 9)))
        #expect(calls.passed(second, by: 3, Tally(count: 1)) == nil)
        #expect(calls.expired(now: Self.second).isEmpty)
        #expect(
            calls.expired(now: Self.second + 1) == [
                CallsAbroad.Answer(loop: 1, ticket: 71, tally: Tally(count: 1, isComplete: false))
            ])
        #expect(calls.dueAt == .max)
        _ = calls.add(loop: 0, ticket: 72, nodes: [2], now: 0)
        #expect(calls.lose(2) == [CallsAbroad.Answer(loop: 0, ticket: 72, tally: Tally(isComplete: false))])
    }
}
