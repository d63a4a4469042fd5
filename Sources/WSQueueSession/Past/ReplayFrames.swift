package import WSQueueBroker
internal import WSQueueCore
internal import WSQueueWire

/// Frames that are built anew from the journal, with the place in the journal after each.
package struct ReplayFrames: Sendable {
    /// How far a client is when it has been sent a frame.
    package struct Mark: Equatable, Sendable {
        /// The end of the frame in ``bytes``.
        package let end: Int
        /// The first number after the event.
        package let next: UInt64
        /// The place after its record.
        package let offset: Int
        /// How far the client's state has been sent; `nil` where it has wanted none.
        package let state: StateReplay.Progress?
    }

    private var built: [UInt8] = []
    private var marks: [Mark] = []

    /// Makes no frames.
    package init() {}

    /// All frames, one after the other.
    package var bytes: [UInt8] { built }

    /// Forgets the frames; what memory a larger piece needed is given back.
    package mutating func removeAll() {
        built.removeAll(keepingCapacity: built.capacity <= 1_048_576)
        marks.removeAll(keepingCapacity: true)
    }

    /// Appends a frame.
    ///
    /// - Parameters:
    ///   - message: What was sent live, but for the member for the channel.
    ///   - channel: Where this copy goes.
    ///   - key: The name of its state, with which the message ends then.
    ///   - view: How the client sees it; an event that it does not want, or may not have so, has no frame.
    ///   - access: The rules.
    ///   - next: The first number after the event.
    ///   - offset: The place after its record.
    ///   - state: How far the client's state has been sent then.
    ///   - isState: Whether it is of the state.
    ///   - hasGap: Whether something before it is lost, which the client is told at the end only: one that comes back
    ///     before that comes from where it was.
    /// - Returns: Whether it has a frame.
    @discardableResult package mutating func append(
        _ message: ArraySlice<UInt8>, channel: String?, key: ArraySlice<UInt8>? = nil, as view: EventView,
        under access: Access = Access(), next: UInt64, offset: Int, state: StateReplay.Progress? = nil,
        isState: Bool = false, hasGap: Bool = false
    ) -> Bool {
        let mark = { (end: Int) in Mark(end: end, next: next, offset: offset, state: state) }
        let isPlace = state == nil && !hasGap
        let spot: EventSpot = isState ? .state(isFirst: state?.keys == 1) : isPlace ? .place : .aside
        guard let channel else {
            guard append(message, as: view, under: access, at: spot) else { return false }
            marks.append(mark(built.count))
            return true
        }
        var tail: [UInt8] = []
        if let key {
            tail += ",\"key\":".utf8
            JSONWriter.write(Array(key), into: &tail)
        }
        tail.append(UInt8(ascii: "}"))
        // The channel's name needs no escapes.
        let member = Array(",\"channel\":\"\(channel)\"".utf8) + tail
        let head = message.dropLast(tail.count)
        if view.isLogs {
            FrameEncoder.appendHeader(.text, payloadLength: head.count + member.count, to: &built)
            built += head
            built += member
        } else {
            guard view.append(Array(head + member).span, under: access, to: &built, at: spot) else { return false }
        }
        marks.append(mark(built.count))
        return true
    }

    /// Appends a message as it is.
    ///
    /// - Returns: Whether the client wants it.
    private mutating func append(
        _ message: ArraySlice<UInt8>, as view: EventView, under access: Access, at spot: EventSpot
    ) -> Bool {
        guard view.isLogs else {
            return view.append(Array(message).span, under: access, to: &built, at: spot)
        }
        FrameEncoder.appendHeader(.text, payloadLength: message.count, to: &built)
        built += message
        return true
    }

    /// Where the frames of a number, and of those after it, begin in ``bytes``.
    package func start(of number: UInt64) -> Int {
        let next = marks.partitionPoint { $0.next > number }
        return next == 0 ? 0 : marks[next - 1].end
    }

    /// How many frames have begun to go when all bytes from `start` up to `end` have gone; one begins at `start`.
    package func count(begunIn start: Int, _ end: Int) -> Int {
        guard end > start else { return 0 }
        return marks.partitionPoint { $0.end >= end } + 1 - marks.partitionPoint { $0.end > start }
    }

    /// The frame that is under way, or just done, when the bytes from `start` up to `end` have gone.
    package func mark(after start: Int, _ end: Int) -> Mark? {
        guard end > start else { return nil }
        let place = marks.partitionPoint { $0.end >= end }
        return place < marks.count ? marks[place] : nil
    }
}
