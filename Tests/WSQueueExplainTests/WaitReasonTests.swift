import Testing
import WSQueueSpool

@testable import WSQueueExplain

struct WaitReasonTests {
    private func facts(_ change: (inout WaitFacts) -> Void) -> WaitFacts {
        var facts = WaitFacts()
        facts.unix = 1_000_000_000_000
        facts.before = 0
        change(&facts)
        return facts
    }

    @Test func `what is held or not due waits for that, whatever else there is`() {
        #expect(facts { ($0.state, $0.presence, $0.knownSeq) = (.held, .none, 7) }.reasons == [.held])
        #expect(facts { ($0.state, $0.nanoseconds) = (.later, 5) }.reasons == [.due(5)])
        #expect(facts { ($0.state, $0.nanoseconds, $0.presence) = (.later, 5, .none) }.reasons == [.due(5), .noServer])
        #expect(facts { $0.state = .failed }.reasons.isEmpty)
    }

    @Test func `what will not be sent is told before what it waits for`() {
        let known = facts { ($0.knownSeq, $0.presence, $0.before) = (7, .none, 3) }
        #expect(known.reasons == [.duplicate(seq: 7), .noServer])
        let late = facts { ($0.expiresAtMicroseconds, $0.presence) = (999_999_999, .unknown) }
        #expect(late.reasons == [.expired(999_999_999_000), .unknownServer])
        #expect(facts { $0.expiresAtMicroseconds = 1_000_000_000 }.reasons == [.next])
    }

    @Test func `without a server only that counts, and what is no event`() {
        #expect(
            facts { ($0.presence, $0.fault, $0.before) = (.none, "x", 3) }.reasons == [.noServer, .unfinished("x")])
        #expect(facts { $0.presence = .unknown }.reasons == [.unknownServer])
    }

    @Test func `with one it is not whole, waits for clients, or for its turn`() {
        #expect(facts { ($0.fault, $0.before) = ("x", 3) }.reasons == [.unfinished("x")])
        #expect(facts { ($0.holdsWithoutClients, $0.clients, $0.before) = (true, 0, 3) }.reasons == [.noClients])
        // It holds nothing back while there is one, and what is not known is not claimed.
        #expect(facts { ($0.holdsWithoutClients, $0.clients, $0.before) = (true, 1, 3) }.reasons == [.order(3)])
        #expect(facts { ($0.holdsWithoutClients, $0.clients, $0.before) = (true, nil, 3) }.reasons == [.order(3)])
        #expect(facts { $0.clients = 0 }.reasons == [.next])
        #expect(facts { $0.before = nil }.reasons == [.next])
    }
}
