/// What is known of the events and of their numbers at one moment.
struct ModelRecord {
    typealias Numbered = (seq: UInt64, event: ModelEvent)

    struct Place: Hashable {
        let epoch: String
        let seq: UInt64
    }

    let events: [EventNumber: ModelEvent]
    let list: [Place: EventNumber]
    /// Whether a machine went down, or a disk failed.
    let isDisturbed: Bool
    /// Whether several servers share the numbers.
    let areSeveral: Bool
    private var ordered: [String: [Numbered]] = [:]
    /// What a power cut has taken from the list; the state may have it all the same.
    private var doubtful: [String: [Numbered]] = [:]

    init(
        _ events: [EventNumber: ModelEvent], _ list: [Place: EventNumber], doubtful: [Place: EventNumber],
        isDisturbed: Bool, areSeveral: Bool
    ) {
        self.events = events
        self.list = list
        self.isDisturbed = isDisturbed
        self.areSeveral = areSeveral
        ordered = Self.ordered(list, events)
        self.doubtful = Self.ordered(doubtful, events)
    }

    private static func ordered(
        _ list: [Place: EventNumber], _ events: [EventNumber: ModelEvent]
    ) -> [String: [Numbered]] {
        var ordered: [String: [Numbered]] = [:]
        for (place, number) in list {
            if let event = events[number] { ordered[place.epoch, default: []].append((place.seq, event)) }
        }
        return ordered.mapValues { $0.sorted { $0.seq < $1.seq } }
    }

    /// The events of some numbers of a numbering, in their order.
    func events(_ epoch: String, in numbers: Range<UInt64>) -> ArraySlice<Numbered> {
        Self.part(ordered[epoch] ?? [], numbers)
    }

    func doubtful(_ epoch: String, in numbers: Range<UInt64>) -> ArraySlice<Numbered> {
        Self.part(doubtful[epoch] ?? [], numbers)
    }

    private static func part(_ all: [Numbered], _ numbers: Range<UInt64>) -> ArraySlice<Numbered> {
        func place(_ seq: UInt64) -> Int {
            var (low, high) = (0, all.count)
            while low < high {
                let middle = (low + high) / 2
                if all[middle].seq < seq { low = middle + 1 } else { high = middle }
            }
            return low
        }
        return all[place(numbers.lowerBound)..<place(numbers.upperBound)]
    }

    /// The newest event of each key of each channel up to a number.
    func state(_ epoch: String, upTo seq: UInt64) -> [String: [String: Numbered]] {
        var state: [String: [String: Numbered]] = [:]
        for (seq, event) in events(epoch, in: 1..<(seq + 1)) {
            guard let key = event.key else { continue }
            for place in event.places { state[place, default: [:]][key] = event.clears ? nil : (seq, event) }
        }
        return state
    }
}
