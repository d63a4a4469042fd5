internal import WSQueueBroker
internal import WSQueueLog
internal import WSQueueSession
internal import WSQueueSystem
internal import WSQueueWire

/// Frames that were made of publications for clients with the same view, and where the log stands after each.
///
/// What a socket does not take is not kept, but for the rest of one frame: the frames are made again when there is room.
struct ViewedFrames {
    /// Who gets the same.
    struct Audience: Hashable {
        let group: Int
        let view: EventView
    }

    private var built: [UInt8] = []
    private var marks: [(end: Int, position: UInt64)] = []
    private var looked: UInt64

    /// How many places of publications are asked for at once.
    private static let framesAtOnce = 512

    /// Makes the frames of whole publications.
    ///
    /// - Parameters:
    ///   - runs: Where they lie; a frame begins where a run does.
    ///   - end: How far publications have been looked at after the last run.
    ///   - access: The rules, which say what may be seen so.
    ///   - limitBytes: After about this many bytes it ends, before a publication.
    init(
        _ runs: [Range<UInt64>], end: UInt64, in log: PublicationLog, as view: EventView, under access: Access,
        limitBytes: Int = .max
    ) {
        looked = runs.first?.lowerBound ?? end
        for run in runs {
            looked = run.lowerBound
            while looked < run.upperBound {
                let frames = log.frames(in: looked..<run.upperBound, limit: Self.framesAtOnce)
                guard !frames.isEmpty else { return }
                for frame in frames {
                    guard built.count < limitBytes else { return }
                    append(frame.range, log, view, access)
                    looked = frame.range.upperBound
                }
            }
        }
        looked = end
    }

    var bytes: [UInt8] { built }
    /// Up to here publications have been looked at.
    var position: UInt64 { looked }

    /// What is left of a frame when `count` bytes have gone, and where the log stands after it.
    func rest(after count: Int) -> (bytes: ArraySlice<UInt8>, position: UInt64)? {
        guard count > 0, let mark = marks.first(where: { $0.end >= count }) else { return nil }
        return (built[count..<mark.end], mark.position)
    }

    private mutating func append(
        _ range: Range<UInt64>, _ log: PublicationLog, _ view: EventView, _ access: Access
    ) {
        var frame: [UInt8] = []
        let isWanted = log.ring.read(at: range.lowerBound, count: range.count) { bytes in
            view.append(bytes.extracting(FrameEncoder.payloadStart(in: bytes)...), under: access, to: &frame)
        }
        guard isWanted else { return }
        built += frame
        marks.append((built.count, range.upperBound))
    }
}
