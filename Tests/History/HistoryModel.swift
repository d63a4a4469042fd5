/// What the server should be: a list of events under their numbers, and a dictionary of the newest of each key.
///
/// It is told of the events, of the numbers that they bear, and of whole connections, in any order; ``findings`` compares.
/// No client is told that it has everything where something of its own is missing, nor, within the bound of what the server
/// remembers, of a gap that is none; its state is the dictionary at that number, and nothing is lost where one ends and the
/// other begins.
package struct HistoryModel {
    private typealias Place = ModelRecord.Place

    private var events: [EventNumber: ModelEvent] = [:]
    private var published: Set<EventNumber> = []
    private var list: [Place: EventNumber] = [:]
    /// What a power cut has taken from the list; the state may have it all the same.
    private var doubtful: [Place: EventNumber] = [:]
    private var talks: [ModelTalk] = []
    /// How many channels and users the server remembers.
    private let bound: Int
    /// Whether a machine went down, or a disk failed: then more may be told to be gone than is, and events may come again.
    package var isDisturbed = false
    /// Whether several servers share the numbers: one that comes to an event when that has expired leaves it out.
    package var areSeveral = false
    package private(set) var counts = ModelCounts()
    private var found: [HistoryFinding] = []

    package init(bound: Int = 65_536) { self.bound = bound }

    package mutating func note(_ event: ModelEvent) { events[event.number] = event }

    /// The event is in the queue.
    package mutating func notePublished(_ number: EventNumber) { published.insert(number) }

    /// A number is borne by an event.
    package mutating func note(_ cursor: HistoryCursor, _ event: EventNumber) {
        list[Place(epoch: cursor.epoch, seq: cursor.seq)] = event
    }

    /// A machine went down: of the numbers after one only these have still been given.
    package mutating func keepOnly(_ numbers: Set<UInt64>, of epoch: String, after seq: UInt64) {
        for (place, event) in list where place.epoch == epoch && place.seq > seq && !numbers.contains(place.seq) {
            doubtful[place] = event
            list[place] = nil
        }
    }

    package mutating func note(_ talk: ModelTalk) { talks.append(talk) }

    /// A connection has ended because its token had.
    package mutating func noteTokenEnd() { counts.tokensEnded += 1 }

    /// Looks at the connections that were noted, by what is known now.
    package mutating func judge() {
        guard !talks.isEmpty else { return }
        let parts = Set(
            list.values.compactMap { events[$0] }.flatMap { event in
                event.channels
                    + event.places.flatMap { place in event.someUsers.map { "\(place) \($0)" } }
            })
        let record = ModelRecord(
            events, list, doubtful: doubtful, isDisturbed: isDisturbed, areSeveral: areSeveral)
        for talk in talks {
            var judge = TalkJudge(talk, record, isBounded: parts.count > bound)
            judge.judge()
            counts.add(judge.counts)
            found += judge.found
        }
        talks = []
    }

    /// What is wrong, of all that was noted; to be called once.
    package mutating func findings() -> [HistoryFinding] {
        judge()
        checkList()
        return found
    }

    // MARK: The list

    private mutating func checkList() {
        var times: [EventNumber: Int] = [:]
        for number in list.values {
            times[number, default: 0] += 1
            if events[number]?.clears == true { counts.cleared += 1 }
        }
        if !isDisturbed {
            for (number, count) in times where count > 1 { report(.doubled, "\(number): \(count) numbers") }
        }
        for number in published.sorted(by: Self.order) where times[number] == nil {
            if events[number]?.expiresAt != nil {
                counts.expired += 1
            } else {
                report(.lost, "\(number) has no number")
            }
        }
    }

    private static func order(_ one: EventNumber, _ other: EventNumber) -> Bool {
        (one.publisher, one.number) < (other.publisher, other.number)
    }

    private mutating func report(_ kind: HistoryFinding.Kind, _ text: String) {
        found.append(HistoryFinding(kind, text))
    }
}
