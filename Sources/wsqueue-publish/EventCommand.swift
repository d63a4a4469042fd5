internal import WSQueueArguments
internal import WSQueuePublish

/// `wsqueue-publish EVENT …`: one event.
struct EventCommand {
    private let arguments: ParsedArguments
    private let name: String
    private let source: PayloadSource
    private let publisher: Publisher
    private let form: OutputForm

    /// Takes what the command line says.
    init(_ arguments: ParsedArguments) throws(ArgumentFault) {
        guard let name = arguments.operands.first else { throw .other("the event's name is missing") }
        self.arguments = arguments
        self.name = name
        source = try arguments.payloadSource(arguments.operands.dropFirst())
        publisher = try arguments.publisher()
        form = try arguments.outputForm()
    }

    /// Publishes it.
    func run() throws {
        let payload = try source.load(limitBytes: publisher.settings.limitBytes)
        let event = try arguments.event(name, payload: payload)
        if arguments.has(.dryRun) { return try Console.write(publisher.encode(event)) }
        let ending = try Ending()
        let receipt = try publisher.publish(event)
        ending.allow()
        if arguments.has(.verbose) {
            Console.report("wsqueue-publish: queued \(receipt.path), \(receipt.sizeBytes) bytes")
        }
        try form.print(receipt)
    }
}
