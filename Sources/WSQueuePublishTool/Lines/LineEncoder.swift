package import WSQueueCore
package import WSQueuePublish
internal import WSQueueSpool
internal import WSQueueSystem

/// Makes the lines of a batch file out of lines of input, and checks each as the server will.
package struct LineEncoder {
    /// What a line of input is.
    private enum Form {
        /// A whole event, kept as it is.
        case event
        /// A payload, to stand between these two.
        case payload(head: [UInt8], tail: [UInt8])
        /// A text, of which a payload is made.
        case text(head: [UInt8], tail: [UInt8])
    }

    /// How many events there have been.
    package private(set) var events = 0
    /// How many U+FFFD stand in texts for what was not UTF-8.
    package private(set) var replacements = 0
    private var form: Form
    private let event: Event?
    /// What stands around each text in the payload.
    private let around: (before: [UInt8], after: [UInt8])
    private let due: Int64?
    private let limitBytes: Int
    private var lines = 0

    /// Every line of input is a whole event.
    package init(eventsUpTo limitBytes: Int) {
        form = .event
        event = nil
        around = ([], [])
        due = nil
        self.limitBytes = limitBytes
    }

    /// Every line of input is the payload of one such event. All of them are queued at one moment: now.
    ///
    /// - Parameters:
    ///   - isText: Whether the lines are text, of which JSON strings are made.
    ///   - around: What stands around each text in the payload.
    ///   - due: When the events are due, Unix nanoseconds; `nil` for at once.
    package init(
        payloadsOf event: Event, upTo limitBytes: Int, isText: Bool = false,
        between around: (before: [UInt8], after: [UInt8]) = ([], []), due: Int64? = nil
    ) throws(PublishError) {
        do {
            try event.checkEnvelope()
        } catch {
            throw PublishError(error)
        }
        self.event = event
        self.around = around
        self.due = due
        self.limitBytes = limitBytes
        form = isText ? .text(head: [], tail: []) : .payload(head: [], tail: [])
        stamp()
    }

    /// From here on events are queued at this moment.
    package mutating func stamp() {
        guard let event else { return }
        var (head, tail): ([UInt8], [UInt8]) = ([], [])
        event.encodeHead(into: &head)
        event.encodeTail(into: &tail, queuedAt: due ?? Clock.unixNanoseconds())
        tail.append(UInt8(ascii: "\n"))
        switch form {
        case .event: return
        case .payload: form = .payload(head: head, tail: tail)
        case .text: form = .text(head: head + around.before, tail: around.after + tail)
        }
    }

    /// Takes whole lines of input and writes the lines of the batch. Blank lines are passed over.
    ///
    /// - Parameters:
    ///   - input: Ends with a line's end, or with the input.
    ///   - output: What is appended to, whole lines only.
    ///   - refuse: Gets an error that names the line, as an editor counts them, and the byte in it. The line is passed
    ///     over, or the error thrown again.
    package mutating func encode(
        _ input: [UInt8], in range: Range<Int>, into output: inout [UInt8],
        refuse: (PublishError) throws(PublishError) -> Void = { error throws(PublishError) in throw error }
    ) throws(PublishError) {
        let bytes = input.span.extracting(range)
        var iterator = BatchLines(linesBefore: lines)
        while let line = iterator.next(in: bytes) {
            let start = range.lowerBound + line.range.lowerBound
            let source = input[start..<(start + line.range.count)]
            do throws(EventRefusal) {
                switch form {
                case .event: try append(event: source, bytes.extracting(line.range), to: &output)
                case .payload(let head, let tail):
                    try append(head, source, tail, payload: bytes.extracting(line.range), to: &output)
                case .text(let head, let tail):
                    try append(head, text: bytes.extracting(line.range), tail, to: &output)
                }
                events += 1
            } catch {
                try refuse(PublishError(error, in: "line \(line.number)", advice: advice(for: error)))
            }
        }
        lines = iterator.count
    }

    /// Takes a text, which becomes one event.
    package mutating func encode(text: [UInt8], into output: inout [UInt8]) throws(PublishError) {
        guard case .text(let head, let tail) = form else { return }
        do throws(EventRefusal) {
            try append(head, text: text.span, tail, to: &output)
            events += 1
        } catch {
            throw PublishError(error)
        }
    }

    /// What to type where the lines were meant as something else.
    private func advice(for refusal: EventRefusal) -> String {
        switch (form, refusal) {
        case (.payload, .payload(_, offset: 0)): "for lines of text, --text-lines"
        case (.event, .text(_, offset: 0)): "for lines that are payloads, the name of their event: --lines EVENT"
        default: ""
        }
    }

    private func append(
        event: ArraySlice<UInt8>, _ bytes: borrowing Span<UInt8>, to output: inout [UInt8]
    ) throws(EventRefusal) {
        try check(sizeBytes: event.count + 1)
        do {
            _ = try EventText.decode(bytes)
        } catch {
            throw .text(reason: error.reason, offset: error.offset)
        }
        output.append(contentsOf: event)
        output.append(UInt8(ascii: "\n"))
    }

    private func append(
        _ head: [UInt8], _ source: ArraySlice<UInt8>, _ tail: [UInt8], payload: borrowing Span<UInt8>,
        to output: inout [UInt8]
    ) throws(EventRefusal) {
        try check(sizeBytes: head.count + source.count + tail.count)
        do {
            try JSONScanner.validate(payload)
        } catch {
            throw .payload(reason: error.reason, offset: error.offset)
        }
        output.append(contentsOf: head)
        output.append(contentsOf: source)
        output.append(contentsOf: tail)
    }

    private mutating func append(
        _ head: [UInt8], text: borrowing Span<UInt8>, _ tail: [UInt8], to output: inout [UInt8]
    ) throws(EventRefusal) {
        try check(sizeBytes: head.count + text.count + tail.count + 2)
        let repaired = UTF8Repair.repair(text)
        if let repaired { try check(sizeBytes: head.count + repaired.text.count + tail.count + 2) }
        output.append(contentsOf: head)
        output.append(UInt8(ascii: "\""))
        if let repaired {
            replacements += repaired.replacements
            JSONWriter.write(contents: repaired.text.span, into: &output)
        } else {
            JSONWriter.write(contents: text, into: &output)
        }
        output.append(UInt8(ascii: "\""))
        output.append(contentsOf: tail)
    }

    private func check(sizeBytes: Int) throws(EventRefusal) {
        guard sizeBytes <= limitBytes else { throw .size(limitBytes: limitBytes) }
    }
}
