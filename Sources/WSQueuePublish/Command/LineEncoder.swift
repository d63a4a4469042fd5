package import WSQueueCore
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
    }

    /// How many events there have been.
    package private(set) var events = 0
    private let form: Form
    private let limitBytes: Int
    private var lines = 0

    /// Every line of input is a whole event.
    package init(eventsUpTo limitBytes: Int) {
        form = .event
        self.limitBytes = limitBytes
    }

    /// Every line of input is the payload of one such event. All of them are queued at one moment: now.
    package init(payloadsOf event: Event, upTo limitBytes: Int) throws(PublishError) {
        do {
            try event.checkEnvelope()
        } catch {
            throw PublishError(error)
        }
        var (head, tail): ([UInt8], [UInt8]) = ([], [])
        event.encodeHead(into: &head)
        event.encodeTail(into: &tail, queuedAt: Clock.unixNanoseconds())
        tail.append(UInt8(ascii: "\n"))
        form = .payload(head: head, tail: tail)
        self.limitBytes = limitBytes
    }

    /// Takes whole lines of input and writes the lines of the batch. Blank lines are passed over.
    ///
    /// - Parameters:
    ///   - input: Ends with a line's end, or with the input.
    ///   - output: What is appended to, whole lines only.
    /// - Throws: ``PublishError`` that names the line, as an editor counts them, and the byte in it.
    package mutating func encode(
        _ input: [UInt8], in range: Range<Int>, into output: inout [UInt8]
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
                }
            } catch {
                throw PublishError(error, in: "line \(line.number)")
            }
            events += 1
        }
        lines = iterator.count
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

    private func check(sizeBytes: Int) throws(EventRefusal) {
        guard sizeBytes <= limitBytes else { throw .size(limitBytes: limitBytes) }
    }
}
