package import WSQueueArguments
internal import WSQueuePublish
internal import WSQueueSystem

/// `wsqueue-publish --lines [EVENT]`: a batch, an event a line.
package struct LinesCommand {
    private let arguments: ParsedArguments
    private let publisher: Publisher
    private let form: OutputForm
    private let lines: LinesArguments
    private let due: Int64?
    private let wait: Duration?

    /// Takes what the command line says.
    package init(_ arguments: ParsedArguments) throws(ArgumentFault) {
        try arguments.refuse([.every, .chunks], with: "--lines, which publishes once; --follow does again and again")
        try arguments.refuse([.stream, .onlyFailures], with: "--lines: it is for --run")
        self.arguments = arguments
        lines = try LinesArguments(arguments, command: "--lines")
        publisher = try arguments.publisher()
        form = try arguments.outputForm()
        due = try arguments.dueTime()
        if due != nil { try arguments.refuse([.wait], with: "--at and --in: the events wait for their time") }
        wait = due == nil ? try arguments.waitingTime() : nil
    }

    /// Publishes them.
    package func run() throws(CommandFault) {
        var encoder = try CommandFault.catching(try lines.encoder(limitBytes: publisher.settings.limitBytes, due: due))
        var ending = try Ending()
        var receipt: Receipt?
        var watched: FileDescriptor?
        do {
            if arguments.has(.dryRun) {
                try forEachChunk(&encoder, &ending) { chunk throws(CommandFault) in try Console.write(json: chunk) }
            } else {
                receipt = try publish(&encoder, &ending, &watched)
            }
            ending.allow()
        } catch .interrupted {
            // What was written has been removed; now the signal may have its way.
            ending.allow()
        }
        if let wait, let receipt {
            try publisher.wait(for: receipt, wait, watching: watched.take(), isTold: arguments.has(.verbose))
        }
    }

    private func publish(
        _ encoder: inout LineEncoder, _ ending: inout Ending, _ watched: inout FileDescriptor?
    ) throws(CommandFault) -> Receipt? {
        var batch = try CommandFault.catching(try Batch(publisher, due: due))
        try forEachChunk(&encoder, &ending) { chunk throws(CommandFault) in
            try CommandFault.catching(try batch.append(chunk))
        }
        let ready: Publication?
        do { ready = try batch.ready(events: encoder.events) } catch { throw .publishing(error) }
        guard let publication = ready else { return nil }
        if wait != nil { watched = publication.watch() }
        let receipt = try publication.finish(telling: form)
        if arguments.has(.verbose) {
            let what = "\(receipt.events) events, \(receipt.sizeBytes) bytes"
            Console.report(
                "wsqueue-publish: queued \(receipt.path), \(what)\(Console.words(replaced: encoder.replacements))")
        }
        return receipt
    }

    /// Reads the input and gives what the batch is to hold, a few thousand lines at a time.
    private func forEachChunk(
        _ encoder: inout LineEncoder, _ ending: inout Ending, _ body: ([UInt8]) throws(CommandFault) -> Void
    ) throws(CommandFault) {
        var input = try Input.open(lines.input)
        var output: [UInt8] = []
        var isMore = true
        var progress = Progress(isQuiet: arguments.has(.quiet))
        defer { progress.end() }
        while isMore {
            let events = encoder.events
            let extent = input.extent
            progress.show("\(events) events, \(Progress.words(for: extent))")
            isMore = try input.nextLines(limitBytes: publisher.settings.limitBytes, until: &ending) {
                bytes, range throws(CommandFault) in
                output.removeAll(keepingCapacity: true)
                try CommandFault.catching(try encoder.encode(bytes, in: range, into: &output))
                try body(output)
            }
        }
    }
}
