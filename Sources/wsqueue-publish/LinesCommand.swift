internal import WSQueueArguments
internal import WSQueuePublish

/// `wsqueue-publish --lines [EVENT]`: a batch, an event a line.
struct LinesCommand {
    private let arguments: ParsedArguments
    private let publisher: Publisher
    private let form: OutputForm
    private let input: String
    private let event: Event?

    /// Takes what the command line says.
    init(_ arguments: ParsedArguments) throws(ArgumentFault) {
        self.arguments = arguments
        try arguments.refuse([.json, .text], with: "--lines: the lines are the payloads")
        try arguments.refuse([.id], with: "--lines: events with one id are sent once; give each line an \"id\"")
        var operands = arguments.operands[...]
        var input = arguments.value(.file) ?? "-"
        if operands.last == "-", arguments.value(.file) == nil {
            operands.removeLast()
            input = "-"
        }
        self.input = input
        guard operands.count < 2 else {
            throw .other("'\(operands[operands.startIndex + 1])' is one word too many for --lines")
        }
        if let name = operands.first {
            event = try arguments.event(name, payload: [])
        } else {
            try arguments.refuse(
                [.channel, .user, .except, .timeToLive], with: "--lines without EVENT: each line says it for itself")
            event = nil
        }
        publisher = try arguments.publisher()
        form = try arguments.outputForm()
    }

    /// Publishes them.
    func run() throws {
        let limitBytes = publisher.settings.limitBytes
        var encoder =
            if let event { try LineEncoder(payloadsOf: event, upTo: limitBytes) } else {
                LineEncoder(eventsUpTo: limitBytes)
            }
        var ending = try Ending()
        do {
            if arguments.has(.dryRun) {
                try forEachChunk(&encoder, &ending) { try Console.write($0) }
            } else {
                try publish(&encoder, &ending)
            }
            ending.allow()
        } catch is Interrupted {
            // What was written has been removed; now the signal may have its way.
            ending.allow()
        }
    }

    private func publish(_ encoder: inout LineEncoder, _ ending: inout Ending) throws {
        var batch = try Batch(publisher)
        try forEachChunk(&encoder, &ending) { try batch.append($0) }
        guard let receipt = try batch.publish(events: encoder.events) else { return }
        if arguments.has(.verbose) {
            Console.report(
                "wsqueue-publish: queued \(receipt.path), \(receipt.events) events, \(receipt.sizeBytes) bytes")
        }
        try form.print(receipt)
    }

    /// Reads the input and gives what the batch is to hold, a few thousand lines at a time.
    private func forEachChunk(
        _ encoder: inout LineEncoder, _ ending: inout Ending, _ body: ([UInt8]) throws -> Void
    ) throws {
        var input = try Input.open(input)
        var output: [UInt8] = []
        var isMore = true
        while isMore {
            isMore = try input.nextLines(limitBytes: publisher.settings.limitBytes, until: &ending) {
                output.removeAll(keepingCapacity: true)
                try encoder.encode($0, in: $1, into: &output)
                try body(output)
            }
        }
    }
}
