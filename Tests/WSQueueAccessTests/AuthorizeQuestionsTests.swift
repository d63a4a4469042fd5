import Testing
import WSQueueNet
import WSQueueWire

@testable import WSQueueAccess

struct AuthorizeQuestionsTests {
    private static let second: Int64 = 1_000_000_000
    private static let here = Address.internet(host: "127.0.0.1", port: 80)
    private static let there = Address.internet(host: "127.0.0.2", port: 80)

    private var questions = AuthorizeQuestions()
    private var actions: [AuthorizeQuestions.Action] = []

    private static func request(_ channel: String) -> AuthorizeRequest {
        AuthorizeRequest(action: "subscribe", channel: channel, credentials: nil)
    }

    private static func waiter(_ token: UInt64) -> AuthorizeQuestions.Waiter { .init(loop: 1, token: token) }

    private mutating func add(_ channel: String, _ token: UInt64 = 1, deadline: Int64 = 2 * second) {
        questions.add(Self.request(channel), for: Self.waiter(token), deadline: deadline)
    }

    private mutating func turn(now: Int64 = 0) { actions = questions.turn(now: now) }

    /// The host's addresses are known.
    private mutating func resolve(_ addresses: Address..., now: Int64 = 0) {
        add("first", 0)
        turn(now: now)
        _ = questions.resolve(addresses, now: now)
        turn(now: now)
        _ = questions.answer(1, isAllowed: true)
        #expect(questions.isEmpty)
    }

    @Test mutating func `a question is put when the host is known, and its answer told`() {
        add("a")
        turn()
        #expect(actions == [.lookUp])
        turn()
        #expect(actions.isEmpty, "it is looked up once")
        #expect(questions.resolve([Self.here], now: 0).isEmpty)
        turn()
        #expect(actions == [.connect(1, Self.here, Self.request("a"))])
        #expect(questions.request(1) == Self.request("a"))
        #expect(
            questions.answer(1, isAllowed: true) == [
                .close(1), .tell([Self.waiter(1)], Self.request("a"), isAllowed: true),
            ])
        #expect(questions.isEmpty)
        #expect(questions.answer(1, isAllowed: true).isEmpty)
        #expect(questions.request(1) == nil)
    }

    @Test mutating func `the same question of many is one`() {
        resolve(Self.here)
        add("a", 1)
        turn()
        add("a", 2)
        add("b", 3)
        turn()
        #expect(actions == [.connect(3, Self.here, Self.request("b"))])
        #expect(
            questions.answer(2, isAllowed: false).last
                == .tell([Self.waiter(1), Self.waiter(2)], Self.request("a"), isAllowed: false))
        add("a", 4)
        turn()
        #expect(actions == [.connect(4, Self.here, Self.request("a"))], "afterwards it is a new one")
    }

    @Test mutating func `without an address in time a question is denied, and later ones are not held up`() {
        add("a", deadline: 2 * Self.second)
        turn()
        add("b", 2, deadline: 3 * Self.second)
        turn(now: 2 * Self.second - 1)
        #expect(actions.isEmpty)
        turn(now: 2 * Self.second)
        #expect(
            actions == [
                .noteSilence("its host was not looked up in time"),
                .tell([Self.waiter(1)], Self.request("a"), isAllowed: false),
            ])
        _ = questions.resolve([Self.here], now: 2 * Self.second)
        turn(now: 2 * Self.second)
        #expect(actions == [.connect(2, Self.here, Self.request("b"))])
    }

    @Test mutating func `a host without an address is a denial for all that wait, and looked up again`() {
        add("a", 1)
        add("b", 2)
        turn()
        #expect(
            questions.resolve([], now: 0) == [
                .noteSilence("no address"), .tell([Self.waiter(1)], Self.request("a"), isAllowed: false),
                .tell([Self.waiter(2)], Self.request("b"), isAllowed: false),
            ])
        turn()
        #expect(actions.isEmpty)
        add("c")
        turn()
        #expect(actions == [.lookUp])
    }

    @Test mutating func `an application that does not answer is a denial, which is noted once until it is back`() {
        resolve(Self.here)
        add("a", deadline: 2 * Self.second)
        add("b", deadline: 3 * Self.second)
        turn()
        turn(now: 2 * Self.second)
        #expect(
            actions == [
                .close(2), .noteSilence("no answer in time"),
                .tell([Self.waiter(1)], Self.request("a"), isAllowed: false),
            ])
        turn(now: 3 * Self.second)
        #expect(actions == [.close(3), .tell([Self.waiter(1)], Self.request("b"), isAllowed: false)])
        add("c", deadline: 9 * Self.second)
        turn(now: 4 * Self.second)
        #expect(
            questions.answer(4, isAllowed: false) == [
                .close(4), .noteAnswer, .tell([Self.waiter(1)], Self.request("c"), isAllowed: false),
            ])
        add("d", deadline: 9 * Self.second)
        turn(now: 4 * Self.second)
        #expect(
            questions.answer(5, isAllowed: false, fault: "ended without an answer") == [
                .close(5), .noteSilence("ended without an answer"),
                .tell([Self.waiter(1)], Self.request("d"), isAllowed: false),
            ])
    }

    @Test mutating func `an address that refuses is left out, and the next one tried`() {
        resolve(Self.here, Self.there)
        add("a")
        add("b", 2)
        turn()
        #expect(
            actions == [.connect(2, Self.here, Self.request("a")), .connect(3, Self.here, Self.request("b"))])
        #expect(
            questions.refuse(2, fault: "refused") == [.close(2), .connect(2, Self.there, Self.request("a"))])
        #expect(
            questions.refuse(3, fault: "refused") == [.close(3), .connect(3, Self.there, Self.request("b"))],
            "an address is left out once")
        #expect(
            questions.refuse(2, fault: "refused") == [
                .close(2), .noteSilence("refused"), .tell([Self.waiter(1)], Self.request("a"), isAllowed: false),
            ])
        add("c")
        turn()
        #expect(actions == [.lookUp], "without an address the host is looked up again")
        #expect(questions.refuse(9, fault: "refused").isEmpty)
    }

    @Test mutating func `old addresses are used while they are looked up again`() {
        resolve(Self.here)
        add("a", deadline: 99 * Self.second)
        turn(now: 10 * Self.second - 1)
        #expect(actions == [.connect(2, Self.here, Self.request("a"))])
        add("b", deadline: 99 * Self.second)
        turn(now: 10 * Self.second)
        #expect(actions == [.lookUp, .connect(3, Self.here, Self.request("b"))])
        add("c", deadline: 99 * Self.second)
        turn(now: 11 * Self.second)
        #expect(actions == [.connect(4, Self.here, Self.request("c"))])
        _ = questions.resolve([Self.there], now: 12 * Self.second)
        add("d", deadline: 99 * Self.second)
        turn(now: 12 * Self.second)
        #expect(actions == [.connect(5, Self.there, Self.request("d"))])
    }

    @Test mutating func `at most 64 are under way, the others wait for a place in their order`() {
        resolve(Self.here)
        for number in 0..<70 { add("c\(number)", 100 + UInt64(number), deadline: Int64(number) + 2) }
        turn()
        #expect(actions.count == 64)
        #expect(actions.last == .connect(65, Self.here, Self.request("c63")))
        _ = questions.answer(2, isAllowed: true)
        turn()
        #expect(actions == [.connect(66, Self.here, Self.request("c64"))])
    }

    @Test mutating func `of one address 32 are under way, and the next place is for one that has fewer`() {
        resolve(Self.here)
        func add(_ channel: String, _ token: UInt64, block: UInt8) {
            questions.add(
                Self.request(channel), for: .init(loop: 0, token: token, block: [block]), deadline: 9 * Self.second)
        }
        for number in 0..<60 { add("a\(number)", UInt64(number), block: 1) }
        turn()
        #expect(actions.count == 32)
        for number in 0..<40 { add("b\(number)", 100 + UInt64(number), block: 2) }
        turn()
        #expect(actions.count == 32)
        add("c", 200, block: 3)
        _ = questions.answer(2, isAllowed: true)
        turn()
        #expect(actions == [.connect(102, Self.here, Self.request("c"))])
        _ = questions.answer(3, isAllowed: true)
        turn()
        #expect(actions == [.connect(34, Self.here, Self.request("a32"))], "two places of the first address are free")
    }

    @Test mutating func `of an address's clients the next place is for the one that has the fewest`() {
        resolve(Self.here)
        for number in 0..<40 {
            questions.add(
                Self.request("a\(number)"), for: .init(loop: 0, token: 1, block: [1]), deadline: 9 * Self.second)
        }
        turn()
        #expect(actions.count == 32)
        questions.add(Self.request("b"), for: .init(loop: 0, token: 2, block: [1]), deadline: 9 * Self.second)
        // The same as the last that waits for the first client, and so asked for whichever has fewer.
        questions.add(Self.request("a39"), for: .init(loop: 0, token: 3, block: [1]), deadline: 9 * Self.second)
        _ = questions.answer(2, isAllowed: true)
        turn()
        #expect(actions == [.connect(41, Self.here, Self.request("a39"))])
        _ = questions.answer(3, isAllowed: true)
        turn()
        #expect(actions == [.connect(42, Self.here, Self.request("b"))])
    }

    @Test mutating func `a question that was denied while it waited for a place takes none`() {
        resolve(Self.here)
        for number in 0..<64 { add("c\(number)", deadline: 9) }
        add("late", deadline: 1)
        add("last", deadline: 9)
        turn()
        turn(now: 1)
        #expect(actions.last == .tell([Self.waiter(1)], Self.request("late"), isAllowed: false))
        _ = questions.answer(2, isAllowed: true)
        turn(now: 1)
        #expect(actions == [.connect(67, Self.here, Self.request("last"))])
    }
}
