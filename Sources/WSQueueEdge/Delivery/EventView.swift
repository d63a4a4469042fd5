internal import WSQueueCore
internal import WSQueueLog
internal import WSQueueOperation
internal import WSQueueSystem
internal import WSQueueWire

/// How a client sees events; nearly all see them as the log holds them.
struct EventView: Hashable {
    /// Which events it wants; `nil` is all.
    var filter: EventFilter?
    /// Whether events of channels come in the form of older chat pages.
    var isChat = false
    /// The first part of its cursors, where they come as Server-Sent Events.
    var streamEpoch: String?

    /// Whether it is what the log holds.
    var isLogs: Bool { filter == nil && !isChat && streamEpoch == nil }

    /// Appends an event's frame as this client sees it.
    ///
    /// - Parameter message: The event's message.
    /// - Returns: Whether the client wants it.
    func append(_ message: Span<UInt8>, to bytes: inout [UInt8]) -> Bool {
        guard let text = EventMessageText.decode(message) else { return false }
        if let filter, !text.passes(filter, in: message) { return false }
        if let streamEpoch {
            ServerSentEvent.append(message, id: "\(streamEpoch):\(text.sequenceNumber(in: message))", to: &bytes)
        } else if isChat, text.hasChannel {
            bytes += FrameEncoder.frame(.text, text.chat(in: message).span)
        } else {
            bytes += FrameEncoder.frame(.text, message)
        }
        return true
    }
}

/// Frames that were made of publications for clients with the same view, and where the log stands behind each.
struct ViewedFrames {
    private(set) var bytes: [UInt8] = []
    private var marks: [(end: Int, position: UInt64)] = []
    /// Up to here publications have been looked at.
    private(set) var position: UInt64

    /// Makes the frames of whole publications.
    ///
    /// - Parameters:
    ///   - runs: Where they lie; a frame begins where a run does.
    ///   - end: How far publications have been looked at behind the last run.
    ///   - limitBytes: At about so many bytes it ends, in front of a publication.
    init(
        _ runs: [Range<UInt64>], end: UInt64, in log: PublicationLog, as view: EventView, limitBytes: Int = .max
    ) {
        position = runs.first?.lowerBound ?? end
        for run in runs {
            position = run.lowerBound
            while position < run.upperBound {
                guard bytes.count < limitBytes else { return }
                append(log, view)
            }
        }
        position = end
    }

    /// What is left of a frame when `count` bytes have gone, and where the log stands behind it.
    func rest(after count: Int) -> (bytes: ArraySlice<UInt8>, position: UInt64)? {
        guard count > 0, let mark = marks.first(where: { $0.end >= count }) else { return nil }
        return (bytes[count..<mark.end], mark.position)
    }

    private mutating func append(_ log: PublicationLog, _ view: EventView) {
        let length = Int(log.frameLength(at: position))
        var frame: [UInt8] = []
        let isWanted = log.ring.read(at: position, count: length) { bytes in
            view.append(bytes.extracting(FrameEncoder.payloadStart(in: bytes)...), to: &frame)
        }
        position += UInt64(length)
        guard isWanted else { return }
        bytes += frame
        marks.append((bytes.count, position))
    }
}
