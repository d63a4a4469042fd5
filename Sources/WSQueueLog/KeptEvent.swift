internal import WSQueueCore

/// An event that is the state of its key, as long as no other one is.
package final class KeptEvent: Sendable {
    package let seq: UInt64
    package let unixNanoseconds: Int64
    package let key: [UInt8]
    /// Where it was sent; none is the events without a channel.
    package let channels: [String]
    /// From this moment on it is no state any more, Unix microseconds; `nil` is never.
    package let expiresAtMicroseconds: Int64?
    /// The message for clients, without the member for its channel.
    package let message: [UInt8]

    /// - Parameter record: With its key among its parts.
    package init(_ record: JournalRecord, key: [UInt8], message: [UInt8]) {
        let parts = record.parts
        seq = record.seq
        unixNanoseconds = record.unixNanoseconds
        self.key = key
        channels = parts.channels
        expiresAtMicroseconds = parts.expiresAtMicroseconds
        self.message = message
    }

    /// Whether it is still wanted at a moment.
    package func isCurrent(unixNanoseconds: Int64) -> Bool {
        expiresAtMicroseconds.map { $0 > unixNanoseconds / 1_000 } ?? true
    }

    /// The names under which it is kept: its channels, or none.
    var places: [String] { channels.isEmpty ? [KeptEvents.channelless] : channels }

    /// About how much memory it takes.
    var byteCount: Int { message.count + key.count + 160 }
}

/// How much state is kept.
package struct KeptLimits: Equatable, Sendable {
    /// Keys, each in each of its channels.
    package var keys: Int
    /// Bytes of all events together.
    package var bytes: Int

    package init(keys: Int = 10_000, bytes: Int = 16 * 1_048_576) {
        self.keys = keys
        self.bytes = bytes
    }
}

/// The newest event of each key of each channel (SPEC §4, State).
///
/// A value: who has a copy has the state of one moment. What is kept stands in the order of its numbers, because what is
/// newer always comes last; a copy costs nothing until the next change.
package struct KeptEvents: Sendable {
    private struct Slot: Sendable {
        let event: KeptEvent
        /// In how many of its channels it is still the newest.
        var places: Int
    }

    /// What is kept of one channel.
    private struct Channel: Sendable {
        var slots: [[UInt8]: Int] = [:]
        /// Keys whose newest event there was no room for.
        var missing: Set<[UInt8]> = []
    }

    /// The name for events without a channel; no channel has an empty one.
    package static let channelless = ""
    /// So many keys without room are remembered; beyond that no channel's state is called complete.
    private static let missingLimit = 65_536

    private let limits: KeptLimits
    private var slots: [Slot?] = []
    private var channels: [String: Channel] = [:]
    /// How many keys are kept, each in each of its channels.
    package private(set) var keyCount = 0
    /// About how much memory they take, one copy for each channel.
    package private(set) var byteCount = 0
    /// How many events there was no room for.
    package private(set) var refusedCount: UInt64 = 0
    /// The number of the last event that was taken.
    private(set) var lastSeq: UInt64 = 0
    /// The state was taken over as it was after this number: older events do not change it.
    private(set) var baseSeq: UInt64 = 0
    private var liveCount = 0
    /// Before this moment none of them ends by itself, Unix microseconds; `nil` is never. So where there is no room, they
    /// are not looked through for each event.
    private var soonestExpiry: Int64?
    /// How many events there were when they were last looked through for what has ended.
    private var countAfterLook = 0
    private var missingCount = 0
    private var isMissingUnknown = false

    package init(_ limits: KeptLimits = KeptLimits()) { self.limits = limits }

    /// The state as it was after a number.
    ///
    /// - Parameters:
    ///   - events: In their order, each in the channels where it is the newest of its key.
    ///   - missing: Keys without room, with their channels.
    ///   - isComplete: Whether nothing else is missing.
    package init(
        _ limits: KeptLimits, events: [KeptEvent], missing: [(place: String, key: [UInt8])], isComplete: Bool,
        after seq: UInt64
    ) {
        self.init(limits)
        for event in events { replace(event, isClearing: false) }
        for one in missing { noteMissing(one.key, in: one.place) }
        if !isComplete { noteLoss() }
        refusedCount = 0
        baseSeq = seq
    }

    // MARK: Changing

    /// Takes an event with a key, the newest of all.
    mutating func take(_ event: KeptEvent, isClearing: Bool) {
        guard event.seq > baseSeq else { return }
        lastSeq = event.seq
        replace(event, isClearing: isClearing)
    }

    private mutating func replace(_ event: KeptEvent, isClearing: Bool) {
        for place in event.places { forget(event.key, in: place) }
        guard !isClearing, event.isCurrent(unixNanoseconds: event.unixNanoseconds) else { return }
        let places = event.places
        // What nobody will ask for again takes no more memory, and no more of each file, than the rest.
        if liveCount > 2 * countAfterLook + 256 { expire(unixNanoseconds: event.unixNanoseconds) }
        guard hasRoom(for: event) else { return refuse(event) }
        slots.append(Slot(event: event, places: places.count))
        for place in places { channels[place, default: Channel()].slots[event.key] = slots.count - 1 }
        keyCount += places.count
        byteCount += places.count * event.byteCount
        liveCount += 1
        if let expiry = event.expiresAtMicroseconds { soonestExpiry = min(soonestExpiry ?? expiry, expiry) }
        compact()
    }

    /// The same bounds, and nothing in them.
    var emptied: KeptEvents { KeptEvents(limits) }

    /// Something is missing, and no one knows what.
    mutating func noteLoss() { isMissingUnknown = true }

    private mutating func hasRoom(for event: KeptEvent) -> Bool {
        if isRoom(for: event) { return true }
        expire(unixNanoseconds: event.unixNanoseconds)
        return isRoom(for: event)
    }

    private func isRoom(for event: KeptEvent) -> Bool {
        keyCount + event.places.count <= limits.keys && byteCount + event.places.count * event.byteCount <= limits.bytes
    }

    private mutating func refuse(_ event: KeptEvent) {
        refusedCount += 1
        for place in event.places {
            guard missingCount < Self.missingLimit else {
                isMissingUnknown = true
                return
            }
            channels[place, default: Channel()].missing.insert(event.key)
            missingCount += 1
        }
    }

    /// The state of a key in a channel has ended.
    private mutating func forget(_ key: [UInt8], in place: String) {
        // Changed where it stands: all its keys would be copied with a copy of it.
        guard let channel = channels.index(forKey: place) else { return }
        if channels.values[channel].missing.remove(key) != nil { missingCount -= 1 }
        if let index = channels.values[channel].slots.removeValue(forKey: key), let slot = slots[index] {
            keyCount -= 1
            byteCount -= slot.event.byteCount
            if slot.places == 1 {
                slots[index] = nil
                liveCount -= 1
            } else {
                slots[index]?.places -= 1
            }
        }
        if channels.values[channel].slots.isEmpty, channels.values[channel].missing.isEmpty {
            channels.remove(at: channel)
        }
    }

    /// Forgets what is no state any more.
    private mutating func expire(unixNanoseconds: Int64) {
        guard let soonestExpiry, soonestExpiry <= unixNanoseconds / 1_000 else { return }
        let over = slots.compactMap { slot in
            slot.flatMap { $0.event.isCurrent(unixNanoseconds: unixNanoseconds) ? nil : $0.event }
        }
        for event in over {
            for place in event.places where self.event(event.key, in: place) === event { forget(event.key, in: place) }
        }
        self.soonestExpiry = slots.lazy.compactMap { $0?.event.expiresAtMicroseconds }.min()
        countAfterLook = liveCount
        compact()
    }

    /// Closes the gaps where there are more of them than events.
    private mutating func compact() {
        guard slots.count > 2 * liveCount + 1_024 else { return }
        let old = slots
        slots = []
        slots.reserveCapacity(liveCount + 256)
        for (index, slot) in old.enumerated() {
            guard let slot else { continue }
            for place in slot.event.places where channels[place]?.slots[slot.event.key] == index {
                channels[place]?.slots[slot.event.key] = slots.count
            }
            slots.append(slot)
        }
    }

    // MARK: Reading

    /// The state of a key in a channel; an empty name is none.
    package func event(_ key: [UInt8], in place: String) -> KeptEvent? {
        channels[place]?.slots[key].flatMap { slots[$0]?.event }
    }

    /// Those up to a number, in their order.
    package func events(upTo seq: UInt64 = .max) -> [KeptEvent] {
        slots.compactMap { slot in slot.flatMap { $0.event.seq <= seq ? $0.event : nil } }
    }

    /// Where what is kept stands: from the oldest to the newest, with places of none between.
    package var places: Range<Int> { 0..<slots.count }

    /// Where the events of these channels stand, in their order.
    package func places(of names: [String]) -> [Int] {
        Set(names.flatMap { channels[$0].map { Array($0.slots.values) } ?? [] }).sorted()
    }

    /// The event at a place, and the channels in which it is still the newest of its key; an empty name is none.
    package func event(at place: Int) -> (event: KeptEvent, channels: [String])? {
        guard place < slots.count, let slot = slots[place] else { return nil }
        let event = slot.event
        guard slot.places < event.places.count else { return (event, event.places) }
        return (event, event.places.filter { channels[$0]?.slots[event.key] == place })
    }

    /// Whether all that is state in a channel is here; in which ones something is missing is told by `hears`.
    package func isComplete(_ names: [String]?, hears: (String) -> Bool) -> Bool {
        guard !isMissingUnknown else { return false }
        guard missingCount > 0 else { return true }
        if let names { return names.allSatisfy { channels[$0]?.missing.isEmpty ?? true } }
        return !channels.contains { !$0.value.missing.isEmpty && hears($0.key) }
    }

    /// The keys for which there was no room, with their channels; `nil` where they are too many to be known.
    package var missing: [(place: String, key: [UInt8])]? {
        guard !isMissingUnknown else { return nil }
        return channels.flatMap { name, channel in channel.missing.map { (name, $0) } }
    }

    /// What the file beside the segments is to have, where those up to a number go: the number, or that of a later moment
    /// whose state was taken over.
    func end(atLeast seq: UInt64) -> UInt64 { max(seq, baseSeq) }

    mutating func noteMissing(_ key: [UInt8], in place: String) {
        channels[place, default: Channel()].missing.insert(key)
        missingCount += 1
    }
}
