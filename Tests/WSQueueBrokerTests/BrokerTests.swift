import Testing
import WSQueueBroker
import WSQueueCore

struct BrokerTests {
    private func decide(_ addressing: Broker.Addressing) -> Broker.Decision {
        var broker = Broker(seq: 41)
        return broker.publish(addressing, expiresAtSeconds: nil, nowSeconds: 100)
    }

    @Test func `an event without an address is for everyone`() {
        #expect(decide(.init()) == .send(seq: 42, audiences: [.everyone]))
    }

    @Test func `except leaves out one connection`() {
        #expect(decide(.init(except: 7)) == .send(seq: 42, audiences: [.everyoneExcept(7)]))
    }

    @Test func `an event for several channels has a copy for each, in their order`() {
        let decision = decide(.init(channels: ["b", "a"], except: 7))
        #expect(decision == .send(seq: 42, audiences: [.channel("b", except: 7), .channel("a", except: 7)]))
    }

    @Test func `an empty list of recipients is nobody and never everyone`() {
        #expect(decide(.init(recipients: [])) == .send(seq: 42, audiences: [.users([], channel: nil, except: nil)]))
    }

    @Test func `recipients and channels together mean both`() {
        let decision = decide(.init(channels: ["a"], recipients: ["1"]))
        #expect(decision == .send(seq: 42, audiences: [.users(["1"], channel: "a", except: nil)]))
    }

    @Test func `an event past its time takes no order number`() {
        var broker = Broker(seq: 0)
        let late = broker.publish(.init(), expiresAtSeconds: 99.9, nowSeconds: 100)
        #expect(late == .expired)
        #expect(broker.seq == 0)
        let inTime = broker.publish(.init(), expiresAtSeconds: 100, nowSeconds: 100)
        #expect(inTime == .send(seq: 1, audiences: [.everyone]))
    }
}
