import Testing
import WSQueueBroker
import WSQueueCore

struct BrokerTests {
    private func audiences(_ addressing: Broker.Addressing) -> [Audience] { Broker.audiences(of: addressing) }

    @Test func `an event without an address is for everyone`() {
        #expect(audiences(.init()) == [.everyone])
    }

    @Test func `except leaves out one connection`() {
        #expect(
            audiences(.init(except: Exceptions(connections: [7]))) == [.everyoneExcept(Exceptions(connections: [7]))])
    }

    @Test func `an event for several channels has a copy for each, in their order`() {
        let copies = audiences(.init(channels: ["b", "a"], except: Exceptions(connections: [7])))
        #expect(
            copies == [
                .channel("b", except: Exceptions(connections: [7])),
                .channel("a", except: Exceptions(connections: [7])),
            ])
    }

    @Test func `an empty list of recipients is nobody and never everyone`() {
        #expect(audiences(.init(recipients: [])) == [.users([], channel: nil, except: .none)])
    }

    @Test func `recipients and channels together mean both`() {
        let copies = audiences(.init(channels: ["a"], recipients: ["1"]))
        #expect(copies == [.users(["1"], channel: "a", except: .none)])
    }
}
