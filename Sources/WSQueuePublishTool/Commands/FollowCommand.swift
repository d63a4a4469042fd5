package import WSQueueArguments
internal import WSQueuePublish

/// `wsqueue-publish --follow [EVENT]`: lines as they come.
package struct FollowCommand {
    private let arguments: ParsedArguments
    private let lines: LinesArguments
    private let publisher: Publisher
    private let every: Duration

    /// Takes what the command line says.
    package init(_ arguments: ParsedArguments) throws(ArgumentFault) {
        try arguments.refuse([.at, .after, .wait, .output, .dryRun], with: "--follow, which has no end")
        try arguments.refuse([.stream, .onlyFailures], with: "--follow: it is for --run")
        self.arguments = arguments
        lines = try LinesArguments(arguments, command: "--follow")
        publisher = try arguments.publisher()
        every = try arguments.value(.every, as: Quantity.parseDuration) ?? .milliseconds(100)
    }

    /// Publishes until the input ends, or a signal comes. A file has no end: what is added to it is published, and what is in
    /// the next of its name.
    ///
    /// - Returns: That lines were wrong, if some were.
    package func run() throws(CommandFault) -> ExitStatus {
        let isQuiet = arguments.has(.quiet)
        let encoder = try CommandFault.catching(try lines.encoder(limitBytes: publisher.settings.limitBytes))
        var ending = try Ending()
        let isChunked = arguments.has(.chunks)
        let input = try Input.follow(lines.input, isLines: !isChunked)
        var follower: Follower
        do {
            follower = try Follower(publisher, encoder, input, isChunked: isChunked, every: every) {
                if !isQuiet { Console.report("wsqueue-publish: \($0)") }
            }
        } catch {
            throw .publishing(error)
        }
        if arguments.has(.verbose) {
            Console.report("wsqueue-publish: following \(lines.input), into \(publisher.directory)")
        }
        do {
            try follower.run(until: &ending)
        } catch .interrupted {
            // What had come is published; now the signal may have its way.
        }
        if arguments.has(.verbose) {
            let (events, replaced) = follower.counts
            Console.report("wsqueue-publish: queued \(events) events\(Console.words(replaced: replaced))")
        }
        ending.allow()
        return follower.refused == 0 ? .success : .badData
    }
}
