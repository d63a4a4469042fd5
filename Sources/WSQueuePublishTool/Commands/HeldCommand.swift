package import WSQueueArguments
internal import WSQueuePublish
internal import WSQueueSystem

/// `wsqueue-publish --release ID`, `--abort ID`, `--cancel ID`: what becomes of an event that waits for a word.
package struct HeldCommand {
    private let arguments: ParsedArguments
    private let publisher: Publisher
    private let form: OutputForm
    private let wait: Duration?

    /// Takes what the command line says.
    package init(_ arguments: ParsedArguments) throws(ArgumentFault) {
        if let word = arguments.operands.first {
            throw .other("'\(word)' is one word too many: the event has been written already")
        }
        let what = "--release, --abort and --cancel: the event has been written already"
        try arguments.refuse(
            [
                .json, .text, .file, .textFile, .jsonFile, .channel, .user, .except, .key, .clear, .id, .timeToLive,
                .at, .after, .dryRun, .every, .textLines, .chunks, .stream, .onlyFailures,
            ], with: what)
        if !arguments.has(.release) { try arguments.refuse([.wait], with: "--abort and --cancel") }
        self.arguments = arguments
        publisher = try arguments.publisher()
        form = try arguments.outputForm()
        wait = arguments.has(.release) ? try arguments.waitingTime() : nil
    }

    /// Does it.
    package func run() throws(CommandFault) {
        if let id = arguments.value(.release) {
            let ending = try Ending()
            let publication = try CommandFault.catching(try publisher.prepareRelease(id))
            var watched: FileDescriptor?
            if wait != nil { watched = publication.watch() }
            let receipt = try publication.finish(telling: form)
            ending.allow()
            if arguments.has(.verbose) {
                Console.report(
                    "wsqueue-publish: "
                        + (receipt.isNew
                            ? "queued \(receipt.path)" : "\(receipt.path) waits already, \(id) was dropped"))
            }
            if let wait {
                try publisher.wait(for: receipt, wait, watching: watched.take(), isTold: arguments.has(.verbose))
            }
        } else if let id = arguments.value(.abort) {
            try CommandFault.catching(try publisher.abort(id))
        } else if let id = arguments.value(.cancel) {
            try CommandFault.catching(try publisher.cancel(id))
        }
    }
}
