package import WSQueueArguments
internal import WSQueuePublish
internal import WSQueueSystem

/// `wsqueue-publish EVENT …`, also with `--hold`: one event.
package struct EventCommand {
    private let arguments: ParsedArguments
    private let event: Event
    private let source: PayloadSource
    private let publisher: Publisher
    private let form: OutputForm
    private let due: Int64?
    private let wait: Duration?

    /// Takes what the command line says.
    package init(_ arguments: ParsedArguments) throws(ArgumentFault) {
        guard let name = arguments.operands.first else { throw .other("the event's name is missing") }
        try arguments.refuse([.textLines], with: "one event: it is for --lines and --follow; a text is -t TEXT")
        try arguments.refuse([.every, .chunks], with: "one event: it is for --follow")
        try arguments.refuse([.stream, .onlyFailures], with: "one event: it is for --run")
        self.arguments = arguments
        event = try arguments.event(name, payload: [])
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
    package func run() throws(CommandFault) {
        var event = event
        var replaced = arguments.replacements
        event.payload = try source.load(
            limitBytes: publisher.settings.limitBytes, replacements: &replaced,
            showing: Progress(isQuiet: arguments.has(.quiet)))
        if arguments.has(.dryRun) {
            return try Console.write(json: encoded(event))
        }
        let ending = try Ending()
        let publication: Publication
        do throws(PublishError) {
            let isHeld = arguments.has(.hold)
            publication = isHeld ? try publisher.prepareHold(event) : try publisher.prepare(event, due: due)
        } catch {
            throw .publishing(source.advised(error))
        }
        var watched: FileDescriptor?
        if wait != nil { watched = publication.watch() }
        let receipt = try publication.finish(telling: form)
        ending.allow()
        if arguments.has(.verbose) {
            Console.report("wsqueue-publish: \(words(for: receipt))\(Console.words(replaced: replaced))")
        }
        if let wait {
            try publisher.wait(for: receipt, wait, watching: watched.take(), isTold: arguments.has(.verbose))
        }
    }

    private func encoded(_ event: Event) throws(CommandFault) -> [UInt8] {
        do {
            return try publisher.encode(event, due: due)
        } catch {
            throw .publishing(source.advised(error))
        }
    }

    private func words(for receipt: Receipt) -> String {
        guard receipt.isNew else { return "\(receipt.path) waits already, nothing was written" }
        return "\(arguments.has(.hold) ? "held" : "queued") \(receipt.path), \(receipt.sizeBytes) bytes"
    }
}
