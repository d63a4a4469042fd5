import History
import Testing

/// Where the past of a channel may stand that a client asks for besides what it listens to.
struct JoinedPastTests {
    /// What is wrong with a talk. Events are in the channels `b` and `a` by turns, and have numbers from 1 on; the client listens
    /// to `a`, has 2 and 4 of that, and asks for `b` from 1 on.
    private func kinds(_ facts: [String], asks: String = "b e:1 0 e:4") -> [HistoryFinding.Kind] {
        var text = ModelText()
        for number in 1...8 {
            let channel = number % 2 == 0 ? "a" : "b"
            for line in ["about 0 \(number) \(channel)", "sent 0 \(number)", "placed e:\(number) 0 \(number)"] {
                take(line, &text)
            }
        }
        let begin = ["opens - a - 0 1 -", "welcome e:0", "event 2 0 2 a", "event 4 0 4 a"]
        let end = ["resumed e:8 complete 0", "closed"]
        for fact in begin + ["asks \(asks)"] + facts + end { take("talk x \(fact)", &text) }
        return text.findings().map(\.kind)
    }

    private func take(_ line: String, _ text: inout ModelText) {
        let isTaken = text.take(line[...])
        #expect(isTaken, "\(line)")
    }

    private static let past = ["event 3 0 3 b", "event 5 0 5 b"]
    private static let rest = ["event 6 0 6 a", "event 7 0 7 b", "event 8 0 8 a"]

    @Test func `it begins behind the answer, and what comes since follows it`() {
        #expect(kinds(["listens b"] + Self.past + Self.rest).isEmpty)
        #expect(kinds(["event 6 0 6 a", "listens b"] + Self.past + Self.rest.dropFirst()).isEmpty)
    }

    @Test func `it is not before the answer`() {
        #expect(kinds(Self.past + ["listens b"] + Self.rest).contains(.disordered))
    }

    @Test func `what comes since is not before it`() {
        #expect(kinds(["listens b", "event 6 0 6 a"] + Self.past + Self.rest.dropFirst()).contains(.disordered))
    }

    @Test func `it begins once, and is in order itself`() {
        #expect(kinds(["listens b"] + Self.past.reversed() + Self.rest).contains(.disordered))
    }

    @Test func `behind a state it begins where that ends`() {
        let state = ["listens b", "begins", "ends e:6 0 complete 1"]
        #expect(kinds(["event 6 0 6 a"] + state + Self.past + Self.rest.dropFirst(), asks: "b - 1 e:2").isEmpty)
        let between = ["event 8 0 8 a"] + Self.past + ["event 7 0 7 b"]
        #expect(kinds(["event 6 0 6 a"] + state + between, asks: "b - 1 e:2").isEmpty)
        let late = Self.past + ["event 8 0 8 a", "event 7 0 7 b"]
        #expect(kinds(["event 6 0 6 a"] + state + late, asks: "b - 1 e:2").contains(.disordered))
    }

    @Test func `nothing of another channel is in it`() {
        let late = ["event 6 0 6 a", "event 8 0 8 a", "listens b", "event 3 0 3 b", "event 5 0 5 b", "event 7 0 7 b"]
        #expect(kinds(late).isEmpty)
        #expect(kinds(["event 8 0 8 a", "listens b"] + Self.past + Self.rest.dropLast()).contains(.disordered))
    }
}
