import Testing
import WSQueueBroker
import WSQueueCore

struct PresenceTests {
    static let second: Int64 = 1_000_000_000
    static let grace = PresenceRule().graceNanoseconds

    private func identity(_ user: String, info: String? = nil) throws -> Identity {
        Identity(user: try #require(Label(user)), info: info.map { Array($0.utf8) })
    }

    private func label(_ user: String) throws -> Label { try #require(Label(user)) }

    private func texts(_ news: [PresenceNews]) -> [String] {
        news.map { "\($0.kind) \($0.users.map(\.user.text).joined(separator: ",")) of \($0.count)" }
    }

    @Test func `a user joins once, however many connections come`() throws {
        var presence = Presence()
        presence.enter("presence.a", try identity("1"), 10)
        presence.enter("presence.a", try identity("1"), 11)
        #expect(texts(presence.turn(now: 0)) == ["join 1 of 1"])
        presence.enter("presence.a", try identity("1"), 12)
        #expect(presence.turn(now: Self.second).isEmpty)
        #expect(presence.dueAt == .max)
    }

    @Test func `a user leaves when the grace after the last connection is over`() throws {
        var presence = Presence()
        presence.enter("presence.a", try identity("1"), 10)
        presence.enter("presence.a", try identity("1"), 11)
        _ = presence.turn(now: 0)
        presence.leave("presence.a", try label("1"), 10, now: Self.second)
        #expect(presence.dueAt == .max)
        presence.leave("presence.a", try label("1"), 11, now: 2 * Self.second)
        #expect(presence.dueAt == 2 * Self.second + Self.grace)
        #expect(presence.turn(now: presence.dueAt - 1).isEmpty)
        #expect(presence.page("presence.a").count == 1)
        #expect(texts(presence.turn(now: presence.dueAt)) == ["leave 1 of 0"])
        #expect(presence.channelCount == 0)
        #expect(presence.dueAt == .max)
    }

    @Test func `who comes back within the grace never left`() throws {
        var presence = Presence()
        presence.enter("presence.a", try identity("1"), 10)
        _ = presence.turn(now: 0)
        for round in 1...3 {
            let now = Int64(round) * 10 * Self.second
            presence.leave("presence.a", try label("1"), Int64(9 + round), now: now)
            presence.enter("presence.a", try identity("1"), Int64(10 + round))
            #expect(presence.turn(now: now + 9 * Self.second).isEmpty)
        }
        // The last return counts, and not the ends of earlier graces.
        #expect(presence.turn(now: 1_000 * Self.second).isEmpty)
        #expect(presence.page("presence.a").users.map(\.user.text) == ["1"])
    }

    @Test func `a connection that is not there changes nothing by going`() throws {
        var presence = Presence()
        presence.enter("presence.a", try identity("1"), 10)
        _ = presence.turn(now: 0)
        presence.leave("presence.a", try label("1"), 99, now: 1)
        presence.leave("presence.a", try label("2"), 10, now: 1)
        presence.leave("presence.b", try label("1"), 10, now: 1)
        #expect(presence.turn(now: 100 * Self.second).isEmpty)
        #expect(presence.page("presence.a").count == 1)
    }

    @Test func `what happens together is told together`() throws {
        var presence = Presence()
        presence.enter("presence.a", try identity("first"), 1)
        _ = presence.turn(now: 0)
        for user in 2...4 { presence.enter("presence.a", try identity("\(user)"), Int64(user)) }
        let due = presence.dueAt
        #expect(due > 0)
        #expect(presence.turn(now: due - 1).isEmpty)
        #expect(texts(presence.turn(now: due)) == ["join 2,3,4 of 4"])
    }

    @Test func `a member shows status, activity and info, and the others are told of a change once`() throws {
        var presence = Presence()
        presence.enter("presence.a", try identity("1", info: #"{"name":"Bob"}"#), 1)
        _ = presence.turn(now: 0)
        let typing = Array(#""typing""#.utf8)
        let answers = [
            presence.set("presence.a", try label("1"), status: "busy", activity: nil),
            presence.set("presence.a", try label("1"), status: nil, activity: typing),
            presence.set("presence.a", try label("2"), status: "busy", activity: nil),
        ]
        #expect(answers == [true, true, false])
        let news = presence.turn(now: Self.second)
        #expect(texts(news) == ["update 1 of 1"])
        let user = try #require(news.first?.users.first)
        #expect(user.status == "busy" && user.activity == typing && user.info == Array(#"{"name":"Bob"}"#.utf8))
        _ = presence.set("presence.a", try label("1"), status: "busy", activity: nil)
        #expect(presence.turn(now: 2 * Self.second).isEmpty)
    }

    @Test func `info that is too long is left out`() throws {
        var presence = Presence()
        presence.enter("presence.a", try identity("1", info: "\"\(String(repeating: "x", count: 1_100))\""), 1)
        #expect(presence.page("presence.a").users.map(\.info) == [nil])
    }

    @Test func `all members are found page by page, in the order in which they came`() throws {
        var presence = Presence()
        for user in 0..<250 { presence.enter("presence.a", try identity("\(user)"), Int64(user)) }
        for user in stride(from: 0, to: 250, by: 5) {
            presence.leave("presence.a", try label("\(user)"), Int64(user), now: 0)
        }
        _ = presence.turn(now: Self.grace)
        var found: [String] = []
        var next: UInt64? = 0
        while let number = next {
            let page = presence.page("presence.a", after: number)
            #expect(page.count == 200 && page.users.count <= 100)
            found += page.users.map(\.user.text)
            next = page.next
        }
        #expect(found == (0..<250).filter { $0 % 5 != 0 }.map(String.init))
    }

    @Test func `10,000 members cost at most 10,000 deliveries a second`() throws {
        var presence = Presence()
        var deliveries = 0
        var told = 0
        var seconds: Int64 = 0
        // 2,000 a second come, and the hub looks each millisecond.
        for millisecond in 0..<20_000 {
            if millisecond < 5_000 {
                for offset in 0..<2 {
                    let number = 2 * millisecond + offset
                    presence.enter("presence.a", try identity("\(number)"), Int64(number))
                }
            }
            for news in presence.turn(now: Int64(millisecond) * 1_000_000) {
                deliveries += news.count
                told += news.users.count + news.unnamed
                #expect(news.users.count <= 50)
            }
            seconds = Int64(millisecond) / 1_000 + 1
        }
        #expect(told == 10_000)
        #expect(deliveries <= 10_000 * Int(seconds))
    }

    @Test(arguments: 0..<10)
    func `whoever listens knows in the end who is there`(seed: UInt64) throws {
        var random = SplitMix(state: seed)
        var presence = Presence()
        var connections: [Int: Set<Int64>] = [:]
        var known: Set<String> = []
        var now: Int64 = 0
        let take = { (presence: inout Presence, known: inout Set<String>, now: Int64) in
            for news in presence.turn(now: now) {
                for user in news.users {
                    switch news.kind {
                    case .join: #expect(known.insert(user.user.text).inserted)
                    case .leave: #expect(known.remove(user.user.text) != nil)
                    case .update: #expect(known.contains(user.user.text))
                    }
                }
            }
        }
        for step in 0..<400 {
            let user = Int.random(in: 0..<8, using: &random)
            if Bool.random(using: &random) {
                presence.enter("presence.a", try identity("\(user)"), Int64(step))
                connections[user, default: []].insert(Int64(step))
            } else if let connection = connections[user]?.randomElement(using: &random) {
                presence.leave("presence.a", try label("\(user)"), connection, now: now)
                connections[user]?.remove(connection)
            }
            now += Int64.random(in: 0..<8, using: &random) * Self.second
            if Bool.random(using: &random) { take(&presence, &known, now) }
        }
        now += Self.grace
        for _ in 0..<3 {
            now += Self.second
            take(&presence, &known, now)
        }
        #expect(known == Set(connections.filter { !$0.value.isEmpty }.map { "\($0.key)" }))
    }
}
