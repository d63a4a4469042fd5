import History
import WSQueueCore
import WSQueueSpool
import WSQueueSystem

/// A process that publishes its events one after the other. After a power cut it goes on behind the one it had begun.
final class SimulatedPublisher {
    let index: Int
    private(set) var isDone = false
    private var next = 0
    /// The events of which it knows that they are published.
    private var confirmed: Set<Int> = []
    let style: Profile.Style
    private let names: SpoolNameSource
    private unowned let scenario: any Stage
    /// The name of the queue's directory.
    private let queue: String

    init(index: Int, style: Profile.Style, names: SpoolNameSource, queue: String = "q", in scenario: any Stage) {
        self.queue = queue
        self.index = index
        self.style = style
        self.names = names
        self.scenario = scenario
    }

    /// Starts the process.
    func start() {
        // What a power cut may take of a publisher's last events would be any state.
        let isDurable = style == .keyed || scenario.kernel.random.chance(perMille: 700)
        let drawn: Durability = isDurable ? .full : .none
        let durability = style == .keyed ? .full : scenario.profile.durability ?? drawn
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
        kernel.pause { [unowned scenario] in scenario.areClientsReady }
        let directory = try scenario.openQueue("/\(queue)")
        let writer = SpoolWriter(directory, durability: durability, names: names)
        while next < scenario.profile.eventsPerPublisher {
            switch style {
            case .events: try write(take(1), writer)
            case .mixed: try write(take(kernel.random.pick([1, 1, 2, 5])), writer, ids: kernel.random.pick([0, 1, 2]))
            case .oneName: try rewrite(take(1), directory, durability)
            case .keyed: try write(take(kernel.random.pick([1, 1, 3])), writer)
            }
            if kernel.random.chance(perMille: scenario.profile.restPerMille) {
                kernel.pause(until: kernel.now + Int64(kernel.random.below(20_000_000)))
            }
        }
        isDone = true
    }

    /// The next events.
    private func take(_ count: Int) -> [EventNumber] {
        let end = min(scenario.profile.eventsPerPublisher, next + count)
        defer { next = end }
        return (next..<end).map { EventNumber(publisher: index, number: $0) }
    }

    /// Publishes events as a file by the contract, several of them as a batch.
    ///
    /// - Parameter ids: 0 for events without ids, 1 for events that say them, and 2 to publish those twice.
    private func write(_ events: [EventNumber], _ writer: SpoolWriter, ids: Int = 0) throws {
        begin(events)
        let lines = events.map {
            text(of: $0, id: ids > 0 ? id(of: $0) : nil, key: style == .keyed ? key(of: $0) : nil)
        }
        let bytes = Array(lines.joined(separator: [0x0A]))
        for _ in 0..<max(1, ids) {
            if events.count > 1 {
                var batch = BatchFileWriter(writer)
                try batch.append(bytes[...])
                _ = try batch.publish()
            } else {
                _ = try writer.write(bytes.span, suffix: .event)
            }
        }
        end(events, writer.durability)
    }

    /// Writes the one file anew, once the one before is gone: what is written over is the publisher's own loss.
    private func rewrite(_ events: [EventNumber], _ directory: Directory, _ durability: Durability) throws {
        let name = "status-\(index).json"
        scenario.kernel.pause { [kernel = scenario.kernel, queue] in
            kernel.root.entries[queue].map { $0.entries[name] == nil } ?? false
        }
        begin(events)
        for event in events {
            var file = try AtomicFile.create(
                FileName(".\(name).\(event.number)"), in: directory, durability: durability)
            try file.append(text(of: event).span)
            try file.seal(mode: 0o644)
            try file.reveal(as: FileName(name), replacing: true)
        }
        end(events, durability)
    }

    private func begin(_ events: [EventNumber]) {
        for event in events {
            scenario.note(.publish(event, .invoked(hash: Bytes.hash(Self.payload(of: event)), channel: nil)))
        }
    }

    private func end(_ events: [EventNumber], _ durability: Durability) {
        for event in events {
            confirmed.insert(event.number)
            scenario.note(.publish(event, .ok(durability == .full ? .power : .kill)))
        }
    }

    /// One of three keys of this publisher.
    private func key(of event: EventNumber) -> String { "\(index)-\(event.number % 3)" }

    /// Whether an event with a key ends its state.
    static func clears(_ event: EventNumber) -> Bool { event.number % 5 == 4 }

    /// What the state of each key may be: of its last event, or of those before it while no one can tell whether it was
    /// published or is still there; `nil` is none.
    func lastOfKeys(without lost: Set<EventNumber> = []) -> [String: [EventNumber?]] {
        var last: [String: [EventNumber?]] = [:]
        for number in 0..<scenario.profile.eventsPerPublisher {
            let event = EventNumber(publisher: index, number: number)
            let state = Self.clears(event) ? nil : event
            last[key(of: event)] =
                confirmed.contains(number) && !lost.contains(event)
                ? [state] : last[key(of: event), default: [nil]] + [state]
        }
        return last
    }

    /// Ids belong to their users: those of two publishers may be the same.
    private func id(of event: EventNumber) -> String {
        scenario.profile.machine.hasUsers ? "\(event.number)" : "\(event.publisher)-\(event.number)"
    }

    private func text(of event: EventNumber, id: String? = nil, key: String? = nil) -> [UInt8] {
        if scenario.profile.extras.usesLibrary { return encoded(event, id, key) }
        let id = id.map { ",\"id\":\"\($0)\"" } ?? ""
        let state = key.map { ",\"key\":\"\($0)\"" + (Self.clears(event) ? ",\"clear\":true" : "") } ?? ""
        // As wsqueue-publish writes it, and as others may.
        let time = event.publisher == 0 ? ",\"timestamp\":1800000000" : ""
        let member = scenario.profile.extras.hasUnknownMembers ? ",\"colour\":1" : ""
        return Array("{\"event\":\"e\",\"payload\":".utf8) + Self.payload(of: event)
            + Array("\(time)\(id)\(state)\(member)}".utf8)
    }

    /// As the publisher's library writes it.
    private func encoded(_ event: EventNumber, _ id: String?, _ key: String?) -> [UInt8] {
        var one = Event("e", payload: Self.payload(of: event))
        one.id = id
        one.key = key
        one.clearsKey = key != nil && Self.clears(event)
        do {
            let bytes = try EventFile.encode(one, queuedAt: scenario.kernel.unix)
            // Lines of a batch are joined by what ends them.
            return bytes.last == 0x0A ? Array(bytes.dropLast()) : bytes
        } catch {
            scenario.fail("publisher \(index): \(error)")
            return []
        }
    }

    /// Events differ in length.
    private static let fillings = (0..<7).map { String(repeating: "y", count: $0 * 20) }

    private static func payload(of event: EventNumber) -> [UInt8] {
        let filling = Self.fillings[event.number % 7]
        return Array("{\"p\":\(event.publisher),\"n\":\(event.number),\"x\":\"\(filling)\"}".utf8)
    }
}
