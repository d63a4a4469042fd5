internal import WSQueueArguments
internal import WSQueuePublish

/// `wsqueue-publish EVENT …`, also with `--hold`: one event.
struct EventCommand {
    private let arguments: ParsedArguments
    private let name: String
    private let source: PayloadSource
    private let publisher: Publisher
    private let form: OutputForm
    private let due: Int64?
    private let wait: Duration?

    /// Takes what the command line says.
    init(_ arguments: ParsedArguments) throws(ArgumentFault) {
        guard let name = arguments.operands.first else { throw .other("the event's name is missing") }
        try arguments.refuse([.textLines, .every], with: "one event")
        self.arguments = arguments
        self.name = name
        source = try arguments.payloadSource(arguments.operands.dropFirst())
        publisher = try arguments.publisher()
        if arguments.has(.hold) {
            try arguments.refuse([.at, .after, .wait], with: "--hold: the event is sent when it is released")
            form = arguments.has(.output) ? try arguments.outputForm() : .id
            (due, wait) = (nil, nil)
        } else {
            form = try arguments.outputForm()
            due = try arguments.dueTime()
            if due != nil { try arguments.refuse([.wait], with: "--at and --in: the event waits for its time") }
            wait = due == nil ? try arguments.waitingTime() : nil
        }
    }

    /// Publishes it, or holds it back.
    func run() throws {
        let payload = try source.load(limitBytes: publisher.settings.limitBytes)
        let event = try arguments.event(name, payload: payload)
        if arguments.has(.dryRun) { return try Console.write(publisher.encode(event, due: due)) }
        let ending = try Ending()
        let receipt = arguments.has(.hold) ? try publisher.hold(event) : try publisher.publish(event, due: due)
        ending.allow()
        if arguments.has(.verbose) { Console.report("wsqueue-publish: \(words(for: receipt))") }
        try form.print(receipt)
        if let wait { try publisher.wait(for: receipt, wait) }
    }

    private func words(for receipt: Receipt) -> String {
        guard receipt.isNew else { return "\(receipt.path) waits already, nothing was written" }
        return "\(arguments.has(.hold) ? "held" : "queued") \(receipt.path), \(receipt.sizeBytes) bytes"
    }
}
