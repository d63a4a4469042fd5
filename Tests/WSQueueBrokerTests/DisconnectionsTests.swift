import Testing
import WSQueueBroker
import WSQueueCore

struct DisconnectionsTests {
    private static func entry(_ user: String = "jane", upTo issued: Int64 = 10, until: Int64 = 100) throws
        -> Disconnection
    {
        Disconnection(user: try #require(Label(user)), issuedUpTo: issued, until: until)
    }

    @Test(arguments: [(nil, true), (10, true), (9, true), (11, false)] as [(Int64?, Bool)])
    func `tokens of the time before are refused, and those that say no time`(issuedAt: Int64?, isRefused: Bool) throws {
        var all = Disconnections()
        let (jane, joe) = (try #require(Label("jane")), try #require(Label("joe")))
        #expect(!all.refuse(jane, issuedAt: issuedAt, now: 20))
        #expect(all.add(try Self.entry(), now: 20) == .added)
        #expect(all.refuse(jane, issuedAt: issuedAt, now: 20) == isRefused)
        #expect(!all.refuse(joe, issuedAt: issuedAt, now: 20))
        #expect(all.refuse(jane, issuedAt: issuedAt, now: 99) == isRefused)
        #expect(!all.refuse(jane, issuedAt: issuedAt, now: 100))
    }

    @Test func `of two the later moment and the longer time hold, and what says no more is known`() throws {
        var all = Disconnections()
        _ = all.add(try Self.entry(upTo: 10, until: 100), now: 20)
        #expect(all.add(try Self.entry(upTo: 9, until: 90), now: 20) == .known)
        #expect(all.add(try Self.entry(upTo: 30, until: 50), now: 20) == .added)
        #expect(all.all == [try Self.entry(upTo: 30, until: 100)])
        #expect(all.add(try Self.entry("joe", until: 20), now: 20) == .known)
        #expect(all.all.count == 1)
    }

    @Test func `those that are over make room, and others do not`() throws {
        var all = Disconnections(limit: 2)
        _ = all.add(try Self.entry("a", until: 30), now: 20)
        _ = all.add(try Self.entry("b", until: 100), now: 20)
        #expect(all.add(try Self.entry("c"), now: 29) == .full)
        #expect(all.add(try Self.entry("b", until: 200), now: 29) == .added)
        #expect(all.add(try Self.entry("c"), now: 30) == .added)
        #expect(Set(all.all.map(\.user.text)) == ["b", "c"])
    }
}
