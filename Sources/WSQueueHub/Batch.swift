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
    /// What the check has read, and the lines after it.
    private var checked: CheckedLines
    private var lines: BatchLines
    private var ids: LineIDs
    /// Up to this line the journal has it, from a server that did not come to its end.
    private var knownLines = 0

    /// - Parameters:
    ///   - file: The file as it is now; where it was begun before, `source` is what it was then.
    ///   - begun: How far it was read and sent before.
    init(
        _ file: PendingFile, _ source: FileSource, _ status: FileStatus, _ reader: SpoolReader, contents: [UInt8],
        checked: CheckedLines, after begun: BatchProgress?
    ) {
        self.file = file
        self.source = begun?.source ?? source
        self.status = status
        self.reader = reader
        self.contents = contents
        self.checked = checked
        isContinued = begun != nil
        lines = checked.rest
        ids = LineIDs(self.source.id)
    }

    /// Checks every line.
    ///
    /// - Parameters:
    ///   - begun: How far it was read and sent before.
    ///   - limitBytes: How large one event may be.
    ///   - refusal: Why an event may not be published.
    /// - Returns: What was read of the lines.
    static func check(
        _ contents: [UInt8], after begun: BatchProgress?, limitBytes: Int,
        refusal: (EventText, Span<UInt8>) -> PublisherJudge.Refusal?
    ) throws(Fault) -> CheckedLines {
        var lines = Self.lines(after: begun)
        var checked = CheckedLines(lines, byteCount: contents.count)
        var hasEvents = begun != nil
        while let line = lines.next(in: contents.span) {
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
                checked.add(text, line, in: contents.span, before: lines)
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
        return checked
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
        return probe.nextLine().map { probe.event(of: $0).event }
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
    /// - Returns: The number of that line, 0 when there is none; and that of the last line of all.
    func lastLine(
        _ isKnown: (_ event: SpooledEvent, _ text: Span<UInt8>) -> Bool
    ) -> (known: Int, all: Int) {
        var probe = self
        var last = (known: 0, all: 0)
        while let line = probe.nextLine() {
            let (event, range) = probe.event(of: line)
            last.all = line.number
            if isKnown(event, contents.span.extracting(range)) { last.known = line.number }
        }
        return last
    }

    /// Leaves out its lines up to this one.
    mutating func skip(upTo line: Int) { knownLines = line }

    /// Makes it the `count`th event of its name and mtime.
    mutating func setCount(_ count: Int) {
        source.setCount(count)
        ids = LineIDs(source.id)
    }

    /// What its plain lines have in common; `nil` where the id of a line does not tell it apart from others, or cannot be
    /// sent as it is.
    var lineSource: LineSource? {
        guard !source.hasReusableName, ids.arePlain else { return nil }
        return LineSource(
            owner: source.owner, nanoseconds: source.file.nanoseconds,
            modifiedNanoseconds: source.modifiedNanoseconds)
    }

    /// The id that a line has unless it says its own, UTF-8.
    mutating func id(ofLine number: Int) -> [UInt8] { ids.id(ofLine: number) }

    /// The next event that was not sent before, and where its text lies; `nil` after the last one.
    mutating func next() -> (event: SpooledEvent, range: Range<Int>)? { nextUnsent().map { event(of: $0) } }

    /// The next line that was not sent before; `nil` after the last one.
    mutating func nextUnsent() -> BatchLine? {
        while let line = nextLine() {
            if line.number > knownLines { return line }
        }
        return nil
    }

    /// The event of a line, and where its text lies.
    func event(of line: BatchLine) -> (event: SpooledEvent, range: Range<Int>) {
        let range = line.range
        let event = SpooledEvent(line.text, in: contents.span.extracting(range), of: source, line: line.number)
        return (event, range)
    }

    private mutating func nextLine() -> BatchLine? {
        if let line = checked.next() { return line }
        let contents = contents
        while let line = lines.next(in: contents.span) {
            // The whole file was checked before its first line was sent.
            guard let text = try? EventFile.decode(contents.span.extracting(line.range)) else { continue }
            return BatchLine(text, line, in: contents.span)
        }
        return nil
    }
}
