import Testing
import WSQueueAccess
import WSQueueNet

struct RefusalDelaysTests {
    @Test func `each refusal of an address takes twice as long, up to ten seconds, and a quiet minute forgives`() {
        let delays = RefusalDelays()
        let one = Address.internet(host: "192.0.2.1", port: 1)
        let seconds = (0..<6).map { delays.next(for: one, now: Int64($0) * 1_000_000_000) / 1_000_000_000 }
        #expect(seconds == [1, 2, 4, 8, 10, 10])
        #expect(delays.next(for: .internet(host: "192.0.2.2", port: 1), now: 6_000_000_000) == 1_000_000_000)
        #expect(delays.next(for: .internet(host: "192.0.2.1", port: 9), now: 7_000_000_000) == 10_000_000_000)
        #expect(delays.next(for: one, now: 70_000_000_000) == 1_000_000_000)
    }
}
