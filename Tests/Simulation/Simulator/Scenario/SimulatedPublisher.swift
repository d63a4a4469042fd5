import History
import WSQueueSpool
import WSQueueSystem

/// A process that publishes its events one after the other. After a power cut it goes on behind the one it had begun.
final class SimulatedPublisher {
    let index: Int
    private(set) var isDone = false
    private var next = 0
    private let names: SpoolNameSource
    private unowned let scenario: Scenario

    init(index: Int, names: SpoolNameSource, in scenario: Scenario) {
        self.index = index
        self.names = names
        self.scenario = scenario
    }

    /// Starts the process.
    func start() {
        let durability: Durability = scenario.kernel.random.chance(perMille: 700) ? .full : .none
        scenario.kernel.spawn("publisher\(index)", owner: .publisher(index)) { [self] in
            do {
                try publish(durability)
            } catch {
                scenario.fail("publisher \(index): \(error)")
            }
        }
    }

    private func publish(_ durability: Durability) throws {
        let kernel = scenario.kernel
        // One that is connected gets everything: whatever is published before may be trimmed before it comes.
        kernel.pause { [scenario] in scenario.areClientsReady }
        let writer = SpoolWriter(try Directory.openUnlisted("/q"), durability: durability, names: names)
        while next < scenario.profile.eventsPerPublisher {
            let event = EventNumber(publisher: index, number: next)
            next += 1
            let payload = Self.payload(of: event)
            scenario.note(.publish(event, .invoked(hash: Bytes.hash(payload), channel: nil)))
            _ = try writer.write((Array("{\"event\":\"e\",\"payload\":".utf8) + payload + [0x7D]).span, suffix: .event)
            scenario.note(.publish(event, .ok(durability == .full ? .power : .kill)))
            if kernel.random.chance(perMille: scenario.profile.restPerMille) {
                kernel.pause(until: kernel.now + Int64(kernel.random.below(20_000_000)))
            }
        }
        isDone = true
    }

    private static func payload(of event: EventNumber) -> [UInt8] {
        let filling = String(repeating: "y", count: event.number % 7 * 20)
        return Array("{\"p\":\(event.publisher),\"n\":\(event.number),\"x\":\"\(filling)\"}".utf8)
    }
}
