import Testing
import WSQueueBroker
import WSQueueCore

struct PresenceVisitsTests {
    private static let room = "presence.a"
    private static let second: Int64 = 1_000_000_000
    private static let grace = PresenceRule().graceNanoseconds

    private func label(_ user: String) throws -> Label { try #require(Label(user)) }

    private func words(_ users: String...) throws -> [PresenceWord] {
        try users.map { PresenceWord(user: try label($0)) }
    }

    private func texts(_ news: [PresenceNews]) -> [String] {
        news.map { "\($0.kind) \($0.users.map(\.user.text).sorted().joined(separator: ",")) of \($0.count)" }
    }

    @Test func `a user is there until the application's time is over, and then for the grace`() throws {
        var presence = Presence()
        #expect(presence.say(try words("1", "2"), in: Self.room, until: 9 * Self.second, now: 0) == 2)
        #expect(texts(presence.turn(now: 0)) == ["join 1,2 of 2"])
        #expect(presence.dueAt == 9 * Self.second)
        // Said again, it goes on.
        #expect(presence.say(try words("1"), in: Self.room, until: 20 * Self.second, now: Self.second) == 1)
        #expect(presence.turn(now: 9 * Self.second).isEmpty)
        #expect(presence.dueAt == 20 * Self.second)
        #expect(presence.visitCount == 1)
        #expect(presence.turn(now: 20 * Self.second).isEmpty)
        #expect(texts(presence.turn(now: 9 * Self.second + Self.grace)) == ["leave 2 of 1"])
        #expect(texts(presence.turn(now: 20 * Self.second + Self.grace)) == ["leave 1 of 0"])
        #expect(presence.channelCount == 0 && presence.visitCount == 0 && presence.dueAt == .max)
    }

    @Test func `a connection that goes leaves one who is there by word, and the word one who is connected`() throws {
        var presence = Presence()
        presence.enter(Self.room, Identity(user: try label("1")), 10)
        _ = presence.say(try words("1"), in: Self.room, until: 9 * Self.second, now: 0)
        #expect(texts(presence.turn(now: 0)) == ["join 1 of 1"])
        presence.leave(Self.room, try label("1"), 10, now: 1)
        #expect(presence.dueAt == 9 * Self.second)
        presence.enter(Self.room, Identity(user: try label("1")), 11)
        #expect(presence.turn(now: 1_000 * Self.second).isEmpty)
        #expect(presence.page(Self.room).count == 1)
    }

    @Test func `without a time only those who are there are spoken of`() throws {
        var presence = Presence()
        presence.enter(Self.room, Identity(user: try label("1"), info: Array("{}".utf8)), 10)
        _ = presence.turn(now: 0)
        let activity = Array(#"{"file":7}"#.utf8)
        let word = PresenceWord(user: try label("1"), status: "busy", activity: .json(activity))
        #expect(presence.say([word] + (try words("2")), in: Self.room, until: nil, now: Self.second) == 1)
        #expect(texts(presence.turn(now: Self.second)) == ["update 1 of 1"])
        let user = PresentUser(user: try label("1"), info: Array("{}".utf8), status: "busy", activity: activity)
        #expect(presence.page(Self.room).users == [user])
        let cleared = PresenceWord(user: try label("1"), activity: .none, info: .none)
        #expect(presence.say([cleared], in: Self.room, until: nil, now: 2 * Self.second) == 1)
        #expect(presence.page(Self.room).users == [PresentUser(user: try label("1"), status: "busy")])
        // It is still the connection that keeps the user there.
        _ = presence.turn(now: 2 * Self.second)
        presence.leave(Self.room, try label("1"), 10, now: 3 * Self.second)
        #expect(texts(presence.turn(now: 3 * Self.second + Self.grace)) == ["leave 1 of 0"])
    }

    @Test func `a whole list ends what it does not name, and a time that is over ends one`() throws {
        var presence = Presence()
        _ = presence.say(try words("1", "2", "3"), in: Self.room, until: 900 * Self.second, now: 0)
        presence.enter(Self.room, Identity(user: try label("4")), 10)
        _ = presence.turn(now: 0)
        #expect(presence.say(try words("2", "5"), in: Self.room, until: 900 * Self.second, isWhole: true, now: 0) == 2)
        #expect(presence.visitCount == 2)
        #expect(texts(presence.turn(now: Self.second)) == ["join 5 of 5"])
        #expect(presence.say(try words("2", "9"), in: Self.room, until: Self.second, now: Self.second) == 1)
        #expect(texts(presence.turn(now: Self.second + Self.grace)).sorted() == ["leave 1,2,3 of 2"])
        #expect(presence.say([], in: Self.room, until: 900 * Self.second, isWhole: true, now: 0) == 0)
        #expect(presence.visitCount == 0)
    }

    @Test func `other nodes see those who are there by word, and take them back when they are said elsewhere`() throws {
        var (one, other) = (Presence(), Presence())
        one.share(as: 1)
        other.share(as: 2)
        _ = one.say(try words("1"), in: Self.room, until: 900 * Self.second, now: 0)
        for entry in one.takeChanges() { other.put(entry, from: 1) }
        #expect(other.page(Self.room).count == 1)
        let word = PresenceWord(user: try label("1"), status: "away")
        _ = other.say([word], in: Self.room, until: 900 * Self.second, isWhole: true, now: Self.second)
        one.forget(nil, in: Self.room, now: Self.second)
        for entry in other.takeChanges() { one.put(entry, from: 2) }
        one.turnSilently(now: Self.second + Self.grace)
        for entry in one.takeChanges() { other.put(entry, from: 1) }
        #expect(one.page(Self.room).users.map(\.status) == ["away"])
        #expect(other.page(Self.room).users.map(\.status) == ["away"])
        #expect(one.visitCount == 0 && other.visitCount == 1)
    }

    @Test func `words that are prolonged again and again take no more room`() throws {
        var presence = Presence()
        for round in Int64(0)..<20_000 {
            _ = presence.say(try words("\(round % 3)"), in: Self.room, until: 9 * Self.second + round, now: round)
        }
        #expect(presence.visitCount == 3)
        _ = presence.turn(now: 9 * Self.second + 20_000)
        #expect(presence.visitCount == 0)
    }
}
