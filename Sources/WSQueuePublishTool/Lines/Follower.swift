package import WSQueuePublish
internal import WSQueueSystem

/// Publishes lines, or text, as they come, a batch every so often, for as long as they come.
///
/// The writer is never kept waiting for a server: batches are files. What cannot be written for now, as on a full disk, is
/// kept and tried again; only when that has become much, the writer waits.
package struct Follower: ~Copyable {
    private let limitBytes: Int
    private let report: (String) -> Void
    private var encoder: LineEncoder
    private var input: Input
    private var outlet: Outlet
    private var encoded: [UInt8] = []
    /// What has come and is no event yet; `nil` where lines are events.
    private var text: TextPieces?
    /// How many lines have been passed over.
    package private(set) var refused = 0

    private static let refusalsShown = 20

    /// Begins.
    ///
    /// - Parameters:
    ///   - encoder: Makes events of the lines.
    ///   - isChunked: Whether what comes is one text, which need not have lines.
    ///   - every: The time between two batches.
    ///   - report: Gets a line for people when something is wrong.
    /// - Throws: ``PublishError`` when there is no queue to begin with.
    package init(
        _ publisher: Publisher, _ encoder: LineEncoder, _ input: consuming Input, isChunked: Bool = false,
        every: Duration, report: @escaping (String) -> Void
    ) throws(PublishError) {
        _ = try publisher.writer()
        limitBytes = publisher.settings.limitBytes
        self.encoder = encoder
        self.input = input
        self.report = report
        text = isChunked ? TextPieces() : nil
        outlet = Outlet(publisher, every: every, report: report)
    }

    /// How many events there have been, and how many U+FFFD stand in them for what was not UTF-8.
    package var counts: (events: Int, replacements: Int) { (encoder.events, encoder.replacements) }

    /// Publishes to the end of the input, or until a signal comes. What is read by then is published.
    package mutating func run(until ending: inout Ending) throws(CommandFault) {
        var isMore = true
        while isMore {
            // The first bytes of a character wait for the others.
            let isWaiting = !outlet.isEmpty || text?.hasWhole == true
            let patience = isWaiting ? outlet.patience : -1
            switch try input.wait(until: &ending, isReading: outlet.hasRoom, milliseconds: patience) {
            case .signal:
                try finish()
                throw .interrupted
            case .input: isMore = try take()
            case .timeout: break
            }
            if outlet.isDue { encodeText() }
            outlet.publishIfDue()
        }
        try finish()
    }

    private mutating func finish() throws(CommandFault) {
        encodeText(isLast: true)
        try CommandFault.catching(try outlet.flush())
    }

    private mutating func take() throws(CommandFault) -> Bool {
        // A batch says the moment at which it was begun.
        if outlet.isEmpty { encoder.stamp() }
        defer { if let trouble = input.takeTrouble() { report("\(trouble); trying again") } }
        return text == nil ? try takeLines() : try takeText()
    }

    private mutating func takeLines() throws(CommandFault) -> Bool {
        let before = encoder.events
        var faults: [PublishError] = []
        encoded.removeAll(keepingCapacity: true)
        let isMore = try input.takeLines(limitBytes: limitBytes) { bytes, range throws(CommandFault) in
            try CommandFault.catching(
                try encoder.encode(bytes, in: range, into: &encoded) { error throws(PublishError) in
                    faults.append(error)
                })
        }
        outlet.add(encoded, events: encoder.events - before)
        for fault in faults { pass(fault) }
        return isMore
    }

    private mutating func takeText() throws(CommandFault) -> Bool {
        let (bytes, isMore) = try input.takeBytes(atMost: TextPieces.limitBytes)
        text?.append(bytes[...])
        while text?.isFull == true { encodeText() }
        return isMore
    }

    /// Makes an event of the text that has come.
    private mutating func encodeText(isLast: Bool = false) {
        guard let piece = text?.take(isLast: isLast), !piece.isEmpty else { return }
        encoded.removeAll(keepingCapacity: true)
        do {
            try encoder.encode(text: piece, into: &encoded)
            outlet.add(encoded, events: 1)
        } catch {
            pass(error)
        }
    }

    /// One wrong line of a stream without end must not end it.
    private mutating func pass(_ fault: PublishError) {
        refused += 1
        if refused <= Self.refusalsShown { report("\(fault); passed over") }
        if refused == Self.refusalsShown { report("further lines that are wrong are passed over without a word") }
    }
}
