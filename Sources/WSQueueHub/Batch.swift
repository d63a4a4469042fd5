internal import WSQueueCore
internal import WSQueueSequencer
internal import WSQueueSpool
internal import WSQueueSystem

/// A batch that is being sent line by line, its file already checked as a whole.
struct Batch {
    /// What is wrong with a batch.
    struct Fault: Error {
        let fault: EventFault
        /// The line, counted from 1; `nil` where it is the whole file.
        let line: Int?
        /// Why the line may not be published, where that is what is wrong.
        let refusal: PublisherJudge.Refusal?

        init(fault: EventFault, line: Int?, refusal: PublisherJudge.Refusal? = nil) {
            self.fault = fault
            self.line = line
            self.refusal = refusal
        }
    }

    private var source: FileSource
    private let contents: [UInt8]
    private let status: FileStatus
    private let file: PendingFile
    /// Whether lines of it were sent before by this process.
    let isContinued: Bool
    private let reader: SpoolReader
    private var lines: BatchLines
    /// Up to this line the journal has it, from a server that did not come to its end.
    private var knownLines = 0
    /// What the check has read of the first lines (``keptTexts``), so that they need not be read again.
    private let texts: [EventText]
    private var nextText = 0

    /// How many are kept at most: about 7 MB while the batch is sent.
    private static let keptTexts = 131_072

    /// - Parameters:
    ///   - file: The file as it is now; where it was begun before, `source` is what it was then.
    ///   - begun: How far it was read and sent before.
    init(
        _ file: PendingFile, _ source: FileSource, _ status: FileStatus, _ reader: SpoolReader, contents: [UInt8],
        texts: [EventText], after begun: BatchProgress?
    ) {
        self.file = file
        self.source = begun?.source ?? source
        self.status = status
        self.reader = reader
        self.contents = contents
        self.texts = texts
        isContinued = begun != nil
        lines = Self.lines(after: begun)
    }

    /// Checks every line.
    ///
    /// - Parameters:
    ///   - begun: How far it was read and sent before.
    ///   - limitBytes: How large one event may be.
    ///   - refusal: Why an event may not be published.
    /// - Returns: What was read of the first lines.
    static func check(
        _ contents: [UInt8], after begun: BatchProgress?, limitBytes: Int,
        refusal: (EventText, Span<UInt8>) -> PublisherJudge.Refusal?
    ) throws(Fault) -> [EventText] {
        var lines = Self.lines(after: begun)
        var texts: [EventText] = []
        var hasEvents = begun != nil
        while let line = lines.next(in: contents.span) {
            // Lines of a batch are about as long as the first: what grows step by step is copied each time.
            if texts.isEmpty { texts.reserveCapacity(min(Self.keptTexts, contents.count / line.range.count + 1)) }
            hasEvents = true
            var refused: PublisherJudge.Refusal?
            do throws(EventFault) {
                guard line.range.count <= limitBytes else {
                    throw EventFault(reason: "an event larger than the limit of \(limitBytes) bytes", offset: 0)
                }
                let text = try EventFile.decode(contents.span.extracting(line.range))
                try EventRoom.check(
                    channelCount: text.channels.count, line.range.count, limitBytes: limitBytes)
                refused = refusal(text, contents.span.extracting(line.range))
                if texts.count < Self.keptTexts { texts.append(text) }
            } catch {
                throw Fault(fault: error, line: line.number)
            }
            if let refused {
                let fault = EventFault(reason: refused.reason, offset: 0)
                throw Fault(fault: fault, line: line.number, refusal: refused)
            }
        }
        guard hasEvents else {
            throw Fault(
                fault: EventFault(reason: "no event in it; a batch has one a line", offset: 0), line: nil)
        }
        return texts
    }

    private static func lines(after begun: BatchProgress?) -> BatchLines {
        BatchLines(linesBefore: begun?.lines ?? 0, from: begun?.mark.byteCount ?? 0)
    }

    /// The file's text, in which the ranges of ``next()`` lie.
    var text: [UInt8] { contents }
    /// The file.
    var pendingFile: PendingFile { file }
    /// What its events have in common.
    var fileSource: FileSource { source }
    /// What the file looked like when it was read, and its first event.
    var fileStatus: FileStatus { status }
    var firstEvent: SpooledEvent? {
        var probe = self
        return probe.nextLine()?.event
    }

    /// The id that its first line has unless it says its own.
    var firstID: String { "\(String(decoding: source.id, as: UTF8.self))/1" }

    /// The file for its deletion.
    ///
    /// - Parameter seq: The number of its last event.
    func readFile(seq: UInt64) -> ReadFile {
        guard let mark = ReadFile.mark(file, status, contents.span) else {
            return ReadFile(file, nil, reader, seq: seq)
        }
        var all = lines
        while all.next(in: contents.span) != nil {}
        let isEnded = contents.last == UInt8(ascii: "\n")
        let progress = BatchProgress(
            mark: mark, lines: isEnded ? all.count : max(0, all.count - 1), source: source)
        return ReadFile(file, mark, reader, seq: seq, progress: progress)
    }

    /// Whether a server before this one, that began at `startedAt` (Unix nanoseconds), may have sent lines of it: also where
    /// it was written while the wall clock was ahead of what it is now.
    func mayBeBegun(before startedAt: Int64, unix: Int64) -> Bool {
        status.changedNanoseconds < startedAt || status.changedNanoseconds > unix
    }

    /// Finds out how many lines a server before this one has sent, by the last that is known: of a large batch the
    /// journal no longer knows the first.
    ///
    /// - Returns: The number of that line; 0 when there is none.
    func lastLine(_ isKnown: (_ event: SpooledEvent, _ text: Span<UInt8>) -> Bool) -> Int {
        var probe = self
        var last = 0
        while let (event, range, line) = probe.nextLine() {
            if isKnown(event, contents.span.extracting(range)) { last = line }
        }
        return last
    }

    /// Leaves out its lines up to this one.
    mutating func skip(upTo line: Int) { knownLines = line }

    /// Makes it the `count`th event of its name and mtime.
    mutating func setCount(_ count: Int) { source.setCount(count) }

    /// The next event that was not sent before, and where its text lies; `nil` after the last one.
    mutating func next() -> (event: SpooledEvent, range: Range<Int>)? {
        while let (event, range, line) = nextLine() {
            if line > knownLines { return (event, range) }
        }
        return nil
    }

    private mutating func nextLine() -> (event: SpooledEvent, range: Range<Int>, line: Int)? {
        let contents = contents
        while let line = lines.next(in: contents.span) {
            defer { nextText += 1 }
            // The whole file was checked before its first line was sent.
            let text =
                nextText < texts.count
                ? texts[nextText] : try? EventFile.decode(contents.span.extracting(line.range))
            guard let text else { continue }
            let event = SpooledEvent(
                text, in: contents.span.extracting(line.range), of: source, line: line.number)
            return (event, line.range, line.number)
        }
        return nil
    }
}
