import Testing
import WSQueueBroker
import WSQueueCore

struct SubscriptionTableTests {
    private func pattern(_ text: String) throws -> ChannelPattern { try #require(ChannelPattern(text)) }

    private func identity(_ user: String) throws -> Identity { Identity(user: try #require(Label(user))) }

    private func table() throws -> SubscriptionTable {
        var table = SubscriptionTable()
        for slot in 0..<3 { table.name(Int64(100 + slot), slot: slot) }
        table.subscribe(0, to: try pattern("orders"))
        table.subscribe(2, to: try pattern("orders"))
        table.subscribe(2, to: try pattern("users"))
        return table
    }

    private func slots(_ table: SubscriptionTable, _ audience: Audience) -> [Int] {
        var slots: [Int] = []
        table.append(selectedBy: audience, to: &slots)
        return slots.sorted()
    }

    private func slots(_ table: SubscriptionTable, _ channel: String) -> [Int] {
        slots(table, .channel(channel, except: .none))
    }

    @Test func `a channel reaches its subscribers and nobody else`() throws {
        let table = try table()
        #expect(slots(table, "orders") == [0, 2])
        #expect(slots(table, "order").isEmpty)
        #expect(!table.isReceiver(1, of: .channel("orders", except: .none)))
    }

    @Test func `subscribing twice is one subscription`() throws {
        var table = try table()
        let isNew = table.subscribe(0, to: try pattern("orders"))
        #expect(!isNew)
        #expect(slots(table, "orders") == [0, 2])
        #expect(table.channelCount(of: 0) == 1)
    }

    @Test func `except holds for channels, for users and for everyone`() throws {
        var table = try table()
        table.identify(0, as: try identity("7"))
        table.identify(2, as: try identity("7"))
        #expect(slots(table, .channel("orders", except: Exceptions(connections: [102]))) == [0])
        #expect(!table.isReceiver(2, of: .channel("orders", except: Exceptions(connections: [102]))))
        #expect(slots(table, .users(["7"], channel: nil, except: Exceptions(connections: [100]))) == [2])
        #expect(!table.isReceiver(0, of: .users(["7"], channel: nil, except: Exceptions(connections: [100]))))
        #expect(slots(table, .everyoneExcept(Exceptions(connections: [101]))) == [1])
        #expect(!table.isReceiver(1, of: .everyoneExcept(Exceptions(connections: [101]))))
        #expect(table.isReceiver(0, of: .everyoneExcept(Exceptions(connections: [101]))))
        #expect(slots(table, .everyoneExcept(Exceptions(connections: [999]))).isEmpty)
    }

    @Test func `a user's connections are found, and no one else's`() throws {
        var table = try table()
        for slot in [0, 2] { table.identify(slot, as: try identity("7")) }
        #expect(table.slots(of: try #require(Label("7"))).sorted() == [0, 2])
        #expect(table.slots(of: try #require(Label("8"))).isEmpty)
    }

    @Test func `several connections and users may be left out`() throws {
        var table = try table()
        table.identify(1, as: try identity("7"))
        table.identify(2, as: try identity("7"))
        let user = try #require(Label("7"))
        for except in [
            Exceptions(connections: [101, 102, 999]), Exceptions(users: [user]),
            Exceptions(connections: [101], users: [user]),
        ] {
            #expect(Set(slots(table, .everyoneExcept(except))) == [1, 2])
            #expect(slots(table, .channel("orders", except: except)) == [0])
            #expect(slots(table, .users(["7"], channel: nil, except: except)).isEmpty)
            #expect(slots(table, .users(["7"], channel: "users", except: except)).isEmpty)
            for audience: Audience in [
                .everyoneExcept(except), .channel("orders", except: except),
                .users(["7"], channel: nil, except: except),
            ] { #expect(!table.isReceiver(2, of: audience)) }
            #expect(table.isReceiver(0, of: .channel("orders", except: except)))
            #expect(table.isReceiver(0, of: .everyoneExcept(except)))
        }
    }

    @Test func `a connection that has gone is in no channel, and its slot inherits nothing`() throws {
        var table = try table()
        table.subscribe(2, to: try pattern("a.*"))
        table.identify(2, as: try identity("7"))
        table.remove(2)
        #expect(slots(table, "orders") == [0])
        #expect(slots(table, "users").isEmpty)
        #expect(slots(table, "a.b").isEmpty)
        #expect(slots(table, .everyoneExcept(Exceptions(connections: [102]))).isEmpty)
        #expect(slots(table, .users(["7"], channel: nil, except: .none)).isEmpty)
        #expect(!table.isReceiver(2, of: .channel("users", except: .none)))
        #expect(!table.isReceiver(2, of: .users(["7"], channel: nil, except: .none)))
    }

    @Test func `unsubscribing says whether there was a subscription`() throws {
        var table = try table()
        let answers = [table.unsubscribe(0, from: "orders"), table.unsubscribe(0, from: "orders")]
        #expect(answers == [true, false])
        #expect(slots(table, "orders") == [2])
    }

    @Test(arguments: [
        ("orders.*", "orders.7", true), ("orders.*", "orders", false), ("orders.*", "orders.7.items", false),
        ("orders.**", "orders", true), ("orders.**", "orders.7.items", true), ("orders.**", "ordersx", false),
        ("*.created", "orders.created", true), ("*.*", "orders", false), ("**", "anything.at.all", true),
        ("a.*.c.**", "a.b.c", true), ("a.*.c.**", "a.b.d", false), ("a..*", "a..b", true),
    ])
    func `a pattern reaches what it stands for`(text: String, channel: String, isReached: Bool) throws {
        var table = SubscriptionTable()
        table.subscribe(5, to: try pattern(text))
        #expect(slots(table, channel) == (isReached ? [5] : []))
        #expect(table.isReceiver(5, of: .channel(channel, except: .none)) == isReached)
    }

    @Test func `no pattern reaches where its name would not`() throws {
        var table = SubscriptionTable()
        for (slot, text) in ["**", "private.**", "private.user.*", "*.user.*"].enumerated() {
            table.subscribe(slot, to: try pattern(text))
        }
        #expect(slots(table, "private.user.7").isEmpty)
        #expect((0..<4).allSatisfy { !table.hears($0, "private.user.7") })
        table.identify(0, as: try identity("8"))
        table.identify(2, as: try identity("7"))
        #expect(slots(table, "private.user.7") == [2])
        #expect(!table.hears(0, "private.user.7"))
        #expect(slots(table, "private.room") == [0])
    }

    @Test func `users are reached by their id, compared byte by byte`() throws {
        var table = try table()
        table.identify(0, as: try identity("caf\u{E9}"))
        table.identify(1, as: try identity("cafe\u{301}"))
        table.identify(2, as: try identity("caf\u{E9}"))
        #expect(slots(table, .users(["caf\u{E9}"], channel: nil, except: .none)) == [0, 2])
        #expect(slots(table, .users(["caf\u{E9}"], channel: "users", except: .none)) == [2])
        table.identify(2, as: nil)
        #expect(slots(table, .users(["caf\u{E9}"], channel: nil, except: .none)) == [0])
        #expect(slots(table, .users([], channel: nil, except: .none)).isEmpty)
    }

    /// Against a list of pairs that is searched from end to end.
    @Test(arguments: 0..<12)
    func `whatever is done, it answers as a plain list would`(seed: UInt64) throws {
        var random = SplitMix(state: seed)
        let texts = ["a", "a.b", "a.b.c", "b.a", "a.*", "*.b", "**", "a.**", "*.*.c", "private.x", "private.*", "b.**"]
        let channels = ["a", "b", "a.b", "b.a", "a.b.c", "private.x", "b.b.b", "c"]
        var table = SubscriptionTable()
        var pairs: [(slot: Int, text: String)] = []
        var users: [Int: String] = [:]
        for _ in 0..<150 {
            let slot = Int.random(in: 0..<6, using: &random)
            let text = texts.randomElement(using: &random) ?? "a"
            switch Int.random(in: 0..<8, using: &random) {
            case 0...3:
                let isNew = table.subscribe(slot, to: try pattern(text))
                #expect(isNew == !pairs.contains { $0.slot == slot && $0.text == text })
                if isNew { pairs.append((slot, text)) }
            case 4...5:
                let isGone = table.unsubscribe(slot, from: text)
                #expect(isGone == pairs.contains { $0.slot == slot && $0.text == text })
                pairs.removeAll { $0.slot == slot && $0.text == text }
            case 6:
                users[slot] = Bool.random(using: &random) ? "7" : nil
                table.identify(slot, as: try users[slot].map(identity))
            default:
                table.remove(slot)
                pairs.removeAll { $0.slot == slot }
                users[slot] = nil
            }
            for channel in channels {
                let isOpen = { (slot: Int) in !channel.hasPrefix("private.") || users[slot] != nil }
                let expected = try Set(
                    pairs.filter { pair in
                        let matches = try pattern(pair.text).matches(channel)
                        return pair.text == channel || (matches && isOpen(pair.slot))
                    }.map(\.slot))
                #expect(Set(slots(table, channel)) == expected)
                #expect(Set((0..<6).filter { table.hears($0, channel) }) == expected)
            }
            #expect(Set(table.channels(of: slot)) == Set(pairs.filter { $0.slot == slot }.map(\.text)))
        }
    }
}
