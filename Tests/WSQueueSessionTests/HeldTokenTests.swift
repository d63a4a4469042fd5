import Testing
import WSQueueBroker
import WSQueueCore
import WSQueueSession
import WSQueueWire

struct HeldTokenTests {
    private func token(expiresAt: Int64?, retiredAt: Int64? = nil) throws -> HeldToken {
        let identity = Identity(user: try #require(Label("ann")), expiresAtSeconds: expiresAt)
        return HeldToken(
            TokenVerifier.Result(identity: identity, secret: 1), retiredAt: retiredAt, unixSeconds: 1_000,
            steadySeconds: 5_000)
    }

    @Test func `one without an end is never over`() throws {
        let token = try token(expiresAt: nil)
        #expect(!token.isOver(steadySeconds: .max) && token.dueTimes.isEmpty)
        #expect(token.warning(steadySeconds: .max) == nil)
    }

    @Test func `one ends when what it had left has passed by the steady clock`() throws {
        var token = try token(expiresAt: 1_100)
        #expect([5_099, 5_100].map { token.isOver(steadySeconds: $0) } == [false, true])
        #expect(token.dueTimes == [5_040_000_000_000, 5_100_000_000_000])
        #expect([5_039, 5_040, 5_200].map { token.warning(steadySeconds: $0) } == [nil, 60, 0])
        token.noteWarning()
        #expect(token.warning(steadySeconds: 5_041) == nil)
    }

    @Test func `one whose secret counts no longer ends then, if that is sooner`() throws {
        #expect(try token(expiresAt: 1_100, retiredAt: 5_050).isOver(steadySeconds: 5_050))
        #expect(try !token(expiresAt: 1_100, retiredAt: 5_200).isOver(steadySeconds: 5_099))
        #expect(try token(expiresAt: nil, retiredAt: 5_200).isOver(steadySeconds: 5_200))
    }
}
