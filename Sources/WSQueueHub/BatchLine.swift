internal import WSQueueCore
internal import WSQueueLog
internal import WSQueueSequencer
internal import WSQueueSpool

/// The event of a line of a batch.
enum BatchLine {
    case plain(PlainEventText)
    case other(EventText, BatchLines.Line)

    /// - Parameter contents: The whole file.
    init(_ text: EventText, _ line: BatchLines.Line, in contents: Span<UInt8>) {
        let plain = PlainEventText(
            text, in: contents.extracting(line.range), at: line.range, line: line.number)
        self = plain.map { .plain($0) } ?? .other(text, line)
    }

    /// Its number, counted from 1.
    var number: Int {
        switch self {
        case .plain(let text): text.line
        case .other(_, let line): line.number
        }
    }

    /// Where its text lies in the file.
    var range: Range<Int> {
        switch self {
        case .plain(let text): text.range
        case .other(_, let line): line.range
        }
    }

    var text: EventText {
        switch self {
        case .plain(let text): text.text
        case .other(let text, _): text
        }
    }
}

/// What the check of a batch has read of its first lines, so that they need not be read again.
struct CheckedLines {
    private var plain: [PlainEventText] = []
    private var others: [(text: EventText, line: BatchLines.Line)] = []
    private var nextPlain = 0
    private var nextOther = 0
    private var freeBytes: Int
    private var linesAfter: BatchLines

    /// So much is kept of any batch, and of a large one no more than a quarter of what the batch itself takes.
    private static let leastBytes = 8 * 1_048_576

    /// - Parameter byteCount: How long the batch is.
    init(_ lines: BatchLines, byteCount: Int, leastBytes: Int = Self.leastBytes) {
        linesAfter = lines
        freeBytes = max(leastBytes, byteCount / 4)
    }

    /// Keeps the next line, if there is room.
    ///
    /// - Parameters:
    ///   - contents: The whole file.
    ///   - lines: Those after it.
    mutating func add(
        _ text: EventText, _ line: BatchLines.Line, in contents: Span<UInt8>, before lines: BatchLines
    ) {
        guard freeBytes > 0 else { return }
        // Lines of a batch are about as long as the first: what grows step by step is copied each time.
        let expected = contents.count / line.range.count + 1
        switch BatchLine(text, line, in: contents) {
        case .plain(let text):
            freeBytes -= MemoryLayout<PlainEventText>.stride
            if plain.isEmpty {
                plain.reserveCapacity(min(expected, freeBytes / MemoryLayout<PlainEventText>.stride + 1))
            }
            plain.append(text)
        case .other(let text, let line):
            let size = MemoryLayout<(EventText, BatchLines.Line)>.stride
            freeBytes -= size
            if others.isEmpty { others.reserveCapacity(min(expected, freeBytes / size + 1)) }
            others.append((text, line))
        }
        linesAfter = lines
    }

    /// The lines after those that were kept.
    var rest: BatchLines { linesAfter }

    /// The next line; `nil` after the last that was kept.
    mutating func next() -> BatchLine? {
        let isPlainLeft = nextPlain < plain.count
        if nextOther < others.count, !isPlainLeft || others[nextOther].line.number < plain[nextPlain].line {
            defer { nextOther += 1 }
            return .other(others[nextOther].text, others[nextOther].line)
        }
        guard isPlainLeft else { return nil }
        defer { nextPlain += 1 }
        return .plain(plain[nextPlain])
    }
}

/// What the plain lines of a batch have in common.
struct LineSource {
    let owner: EventOwner
    /// The time by which the file is ordered, and when it was changed last: Unix nanoseconds.
    let nanoseconds: Int64
    let modifiedNanoseconds: Int64

    /// Records a line that is new, without making anything of it before.
    ///
    /// - Parameters:
    ///   - text: The line.
    ///   - lineID: The id that it has unless it says its own.
    ///   - present: Until when it has waited, Unix nanoseconds.
    ///   - unix: When this pass began, Unix nanoseconds.
    /// - Returns: `false` where nothing was done: it is to go the way of all events.
    func carry(
        _ line: PlainEventText, _ text: Span<UInt8>, lineID: Span<UInt8>, _ sequencer: inout Sequencer,
        _ recorder: inout Recorder, _ ledger: inout Ledger, present: Int64, unix: Int64
    ) -> Bool {
        guard sequencer.placesQueue, recorder.takesPlainLines, !ledger.givesOwnLine(unix: unix) else { return false }
        let key = Recorder.key(line, text, lineID: lineID, owner)
        guard !recorder.knows(key: key),
            case .send(let seq) = sequencer.decide(Sequencer.Facts(isKnown: false), unix: unix)
        else { return false }
        let byteCount = recorder.record(line, text, lineID: lineID, owner, key: key, seq: seq, unix: unix)
        let wait = SpooledEvent.wait(
            since: line.queuedAtMicroseconds, nanoseconds, modifiedNanoseconds, until: present)
        ledger.noteSent(line, text, lineID: lineID, waitNanoseconds: wait, byteCount: byteCount)
        return true
    }
}

/// The ids that lines of a batch have by its name: one after the other in one place.
struct LineIDs {
    private var bytes: [UInt8]
    private let prefixCount: Int
    /// Whether nothing in them has to be escaped.
    let arePlain: Bool

    /// - Parameter batch: The id that they begin with.
    init(_ batch: [UInt8]) {
        bytes = FileEventID.make(batch: batch, line: 1)
        prefixCount = batch.count + 1
        arePlain = JSONWriter.isPlain(contents: batch.span)
    }

    /// The id of a line, UTF-8.
    mutating func id(ofLine number: Int) -> [UInt8] {
        bytes.removeLast(bytes.count - prefixCount)
        JSONWriter.write(Int64(number), into: &bytes)
        return bytes
    }
}
