import Testing
import WSQueueBroker
import WSQueueCore

struct NodePresenceTests {
    private static let room = "presence.room"
    private static let second = SimulatedNodes.second

    private func ids(_ nodes: SimulatedNodes, _ number: Int64) -> [String] {
        nodes.members(number, Self.room).map(\.user.text)
    }

    private func texts(_ news: [PresenceNews]?) -> [String] {
        (news ?? []).map { "\($0.kind) \($0.users.map(\.user.text).joined(separator: ",")) of \($0.count)" }
    }

    private func label(_ user: String) throws -> Label { try #require(Label(user)) }

    @Test func `who is with one node is seen on all`() {
        var nodes = SimulatedNodes(seed: 1)
        let (one, two) = (nodes.add(), nodes.add())
        nodes.enter(one, Self.room, "1", info: #"{"name":"Bob"}"#)
        nodes.enter(two, Self.room, "2")
        nodes.settle(seconds: 2)
        #expect(ids(nodes, one) == ["1", "2"] && ids(nodes, two) == ["1", "2"])
        #expect(nodes.members(one, Self.room) == nodes.members(two, Self.room))
        #expect(nodes.members(two, Self.room).first?.info == Array(#"{"name":"Bob"}"#.utf8))
    }

    @Test func `who goes from one node and comes to another never left`() {
        var nodes = SimulatedNodes(seed: 1)
        let (one, two) = (nodes.add(), nodes.add())
        nodes.enter(one, Self.room, "1")
        nodes.settle(seconds: 2)
        nodes.leave(one, 1)
        nodes.settle(seconds: 10)
        nodes.enter(two, Self.room, "1")
        nodes.settle(seconds: 60)
        #expect(texts(nodes.nodes[one]?.news) == ["join 1 of 1"])
        #expect(texts(nodes.nodes[two]?.news) == ["join 1 of 1"])
        #expect(ids(nodes, one) == ["1"] && ids(nodes, two) == ["1"])
    }

    @Test func `a status goes with the user to another node`() throws {
        var nodes = SimulatedNodes(seed: 1)
        let (one, two) = (nodes.add(), nodes.add())
        nodes.enter(one, Self.room, "1")
        _ = nodes.nodes[one]?.presence.set(Self.room, try label("1"), status: "away", activity: nil)
        nodes.settle(seconds: 2)
        nodes.enter(two, Self.room, "1")
        nodes.leave(one, 1)
        nodes.settle(seconds: 30)
        #expect(nodes.members(one, Self.room).map(\.status) == ["away"])
        #expect(nodes.members(two, Self.room).map(\.status) == ["away"])
    }

    @Test func `what a user says by one node holds on another when the one is left`() throws {
        var nodes = SimulatedNodes(seed: 1)
        let (one, two) = (nodes.add(), nodes.add())
        nodes.enter(one, Self.room, "1")
        nodes.enter(two, Self.room, "1")
        nodes.settle(seconds: 2)
        _ = nodes.nodes[one]?.presence.set(Self.room, try label("1"), status: "busy", activity: nil)
        nodes.settle(seconds: 2)
        nodes.leave(one, 1)
        nodes.settle(seconds: 30)
        #expect(nodes.members(one, Self.room).map(\.status) == ["busy"])
        #expect(nodes.members(two, Self.room).map(\.status) == ["busy"])
    }

    @Test func `a dead node's users leave after the grace, and not who is elsewhere too`() {
        var nodes = SimulatedNodes(seed: 1)
        let (one, two) = (nodes.add(), nodes.add())
        nodes.enter(one, Self.room, "1")
        nodes.enter(one, Self.room, "both")
        nodes.enter(two, Self.room, "both")
        nodes.settle(seconds: 2)
        nodes.nodes[one] = nil
        nodes.settle(seconds: 15)
        #expect(ids(nodes, two) == ["1", "both"])
        nodes.settle(seconds: 8)
        #expect(ids(nodes, two) == ["both"])
        #expect(nodes.nodes[two]?.presence.dueAt == .max)
    }

    @Test func `a node that was cut off comes back with its users, and they had left elsewhere after the grace`() {
        var nodes = SimulatedNodes(seed: 1)
        let (one, two) = (nodes.add(), nodes.add())
        nodes.enter(one, Self.room, "1")
        nodes.enter(two, Self.room, "2")
        nodes.settle(seconds: 2)
        nodes.disconnect(one)
        nodes.settle(seconds: 30)
        // Who hears nobody cannot know who has gone.
        #expect(ids(nodes, one) == ["1", "2"])
        #expect(ids(nodes, two) == ["2"])
        nodes.connect(one)
        nodes.settle(seconds: 3)
        #expect(ids(nodes, one) == ["1", "2"] && ids(nodes, two) == ["1", "2"])
    }

    @Test func `a short cut is not noticed`() {
        var nodes = SimulatedNodes(seed: 1)
        let (one, two) = (nodes.add(), nodes.add())
        nodes.enter(one, Self.room, "1")
        nodes.settle(seconds: 2)
        nodes.disconnect(one)
        nodes.settle(seconds: 10)
        nodes.connect(one)
        nodes.settle(seconds: 60)
        #expect(texts(nodes.nodes[two]?.news) == ["join 1 of 1"])
    }

    @Test func `a channel that the last one has left is forgotten when another node has told that`() throws {
        var (presence, other) = (Presence(), Presence())
        presence.share(as: 1)
        other.share(as: 2)
        // What has changed comes before what the channel is told of it.
        func pass(now: Int64) {
            let news = presence.turn(now: now)
            for entry in presence.takeChanges() { other.put(entry, from: 1) }
            for one in news { other.told(PresenceTold(one, sender: 1)) }
        }
        presence.enter(Self.room, Identity(user: try label("1")), 1)
        pass(now: 0)
        #expect(other.count(in: Self.room) == 1 && other.channelCount == 1)
        presence.leave(Self.room, try label("1"), 1, now: 0)
        pass(now: presence.rule.graceNanoseconds)
        #expect(other.channelCount == 0)
    }

    @Test func `what another node has told is not told again`() throws {
        var (presence, other) = (Presence(), Presence())
        presence.share(as: 1)
        other.share(as: 2)
        for user in ["1", "2"] { presence.enter(Self.room, Identity(user: try label(user)), 1) }
        for entry in presence.takeChanges() { other.put(entry, from: 1) }
        for news in presence.turn(now: 0) { other.told(PresenceTold(news, sender: 1)) }
        other.enter(Self.room, Identity(user: try label("3")), 2)
        other.turnSilently(now: 1)
        other.beginTelling()
        #expect(texts(other.turn(now: 2)) == ["join 3 of 3"])
    }

    @Test func `what nobody has told is told by the next who tells`() throws {
        var (presence, other) = (Presence(), Presence())
        presence.share(as: 1)
        other.share(as: 2)
        presence.enter(Self.room, Identity(user: try label("1")), 1)
        for entry in presence.takeChanges() { other.put(entry, from: 1) }
        _ = presence.turn(now: 0)
        other.turnSilently(now: 0)
        other.forgetUntold()
        other.beginTelling()
        #expect(texts(other.turn(now: 1)) == ["join 1 of 1"])
    }

    @Test func `what was told before it was heard of is not told again`() throws {
        var other = Presence()
        other.share(as: 2)
        let user = try label("1")
        let told = PresenceTold(sender: 1, channel: Self.room, kind: .join, users: [user])
        other.told(told)
        let state = PresenceState(user: PresentUser(user: user), stamp: PresenceStamp(count: 1, node: 1))
        let place = PresencePlace(channel: Self.room, user: user)
        other.put(PresenceEntry(place: place, state: state), from: 1)
        other.beginTelling()
        #expect(other.turn(now: 1).isEmpty)
        // Nor is it remembered longer than it may still come.
        other.put(PresenceEntry(place: place, state: nil), from: 1)
        #expect(texts(other.turn(now: Self.second)) == ["leave 1 of 0"])
        #expect(other.channelCount == 0)
        other.told(told)
        #expect(other.channelCount == 1)
        other.forgetTold()
        other.forgetTold()
        #expect(other.channelCount == 0)
        other.put(PresenceEntry(place: place, state: state), from: 1)
        #expect(texts(other.turn(now: 2 * Self.second)) == ["join 1 of 1"])
    }

    @Test func `what all have told is given up`() throws {
        var other = Presence()
        other.share(as: 2)
        let user = try label("1")
        let state = PresenceState(user: PresentUser(user: user), stamp: PresenceStamp(count: 1, node: 1))
        other.put(PresenceEntry(place: PresencePlace(channel: Self.room, user: user), state: state), from: 1)
        other.forgetUntold()
        other.forgetUntold()
        other.beginTelling()
        #expect(other.turn(now: 1).isEmpty)
        #expect(other.page(Self.room).count == 1)
    }

    @Test(arguments: 0..<40)
    func `whatever comes, goes, dies and is cut off, all nodes agree in the end`(seed: UInt64) throws {
        var nodes = SimulatedNodes(seed: seed)
        for _ in 0..<3 { nodes.add() }
        for _ in 0..<600 {
            let numbers = nodes.nodes.keys.sorted()
            let number = try #require(numbers.randomElement(using: &nodes.random))
            let user = "\(Int.random(in: 0..<6, using: &nodes.random))"
            let room = "presence.\(Int.random(in: 0..<2, using: &nodes.random))"
            switch Int.random(in: 0..<100, using: &nodes.random) {
            case 0..<22: nodes.enter(number, room, user, info: "\"\(nodes.now)\"")
            case 22..<42:
                if let one = nodes.nodes[number]?.connections.keys.sorted().randomElement(using: &nodes.random) {
                    nodes.leave(number, one)
                }
            case 42..<50:
                let status = ["online", "away", "busy"].randomElement(using: &nodes.random)
                _ = nodes.nodes[number]?.presence.set(room, try label(user), status: status, activity: nil)
            case 50..<53: nodes.disconnect(number)
            case 53..<60: nodes.connect(number)
            case 60: if numbers.count > 1 { nodes.nodes[number] = nil }
            case 61: if numbers.count < 5 { nodes.add() }
            case 62..<70: nodes.now += Int64.random(in: 0..<8, using: &nodes.random) * SimulatedNodes.second
            case 70..<80: nodes.turn()
            default: for _ in 0..<3 { _ = nodes.deliver() }
            }
        }
        for number in nodes.nodes.keys { nodes.connect(number) }
        nodes.settle()
        for room in ["presence.0", "presence.1"] {
            let there = nodes.nodes.values.flatMap(\.connections.values).filter { $0.channel == room }.map(\.user)
            for number in nodes.nodes.keys {
                #expect(nodes.members(number, room).map(\.user.text) == Set(there).sorted())
                #expect(nodes.members(number, room) == nodes.members(nodes.nodes.keys.first ?? 0, room))
            }
        }
    }
}
