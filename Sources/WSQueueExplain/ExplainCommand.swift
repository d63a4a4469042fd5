package import WSQueueArguments
package import WSQueueCommandLine
internal import WSQueueCore
internal import WSQueueLog
internal import WSQueueOperation
internal import WSQueueSpool
internal import WSQueueSystem

/// `wsqueue-server explain`: what became of one event, from the queue, what was set aside, and the journal.
package enum ExplainCommand: Command {
    /// The server's options that say where something is, or what files wait for.
    private static let keys = ["dir", "queue", "journal", "hold-without-clients", "log-file", "redis"]

    package static let table = OptionTable.command(
        "explain", forms: ["[OPTION]... ID|FILE"],
        summary: "Tells what became of an event: it waits, and for what; was refused, and why; was sent, when and as "
            + "which number; has expired; is a duplicate. It reads the queue, .failed/ and the journal, and changes "
            + "nothing; a server may be at work meanwhile, or none.",
        options: Setting.options.filter { keys.contains($0.name) } + ServerOptions.sources,
        operands: [OptionTable.Operand(source: .events(["waiting", "later", "held", "failed"]))],
        sections: [
            OptionTable.Section(
                "Examples",
                [
                    "wsqueue-server explain order-7",
                    "wsqueue-server explain /var/spool/wsqueue/.failed/status.json",
                    "wsqueue-server explain \"$(wsqueue-publish -o id hello)\"",
                ]),
            OptionTable.Section(
                "Exit status",
                [
                    "0   what became of it is known", "64  the command line is wrong",
                    "66  it was trimmed, or has never been here", "73  there is no such queue",
                    "77  nothing is known of it in what this user may read; the rest is named",
                    "78  the configuration is wrong",
                ]),
        ])

    package static func run(_ arguments: ParsedArguments, in program: ProgramContext) throws -> ExitStatus {
        try arguments.refuseOperands(after: 1)
        guard let operand = arguments.operands.first, !operand.isEmpty else {
            throw ArgumentFault.other("explain wants the ID of an event, or a FILE's name")
        }
        let configuration = try ServerSettings(arguments).configuration
        let queue: Directory
        do throws(SystemCallError) {
            queue = try openQueue(configuration.queuePath)
        } catch {
            let advice = error.isPermission ? "" : "; name the queue directory with --dir"
            throw CommandError(error.isPermission ? .notPermitted : .cannotCreate, "\(error)\(advice)")
        }
        let word = EventWord(operand, queuePath: configuration.queuePath)
        return try explain(word, in: queue, configuration, ServerSettings(arguments).logDestination, program.terminal)
    }

    /// A drop box cannot be listed by those who may publish into it; a file whose name they know they can look at.
    private static func openQueue(_ path: String) throws(SystemCallError) -> Directory {
        do throws(SystemCallError) {
            return try Directory.open(path)
        } catch  where error.isPermission {
            return try Directory.openUnlisted(path)
        }
    }

    private static func explain(
        _ word: EventWord, in queue: Directory, _ configuration: Configuration, _ log: Log.Destination,
        _ terminal: Terminal
    ) throws -> ExitStatus {
        let unix = Clock.unixNanoseconds()
        var explanation = Explanation(unix: unix, queuePath: configuration.queuePath)
        var look = QueueLook(queue, unix: unix)
        // The queue first: what goes from there goes into the journal before.
        let files = look.find(word)
        var unreadable = look.unreadable
        let journal = try journal(word, files, in: queue, configuration, &unreadable)
        let server = files.contains { $0.item.state != .failed } ? ServerView(queue) : nil
        for file in files {
            guard let server, file.item.state != .failed else {
                explanation.add(refused: file)
                continue
            }
            var facts = WaitFacts()
            facts.state = file.item.state
            facts.nanoseconds = file.item.nanoseconds
            facts.unix = unix
            facts.knownSeq = journal?.events.last { file.isSame(as: $0) }?.seq
            facts.expiresAtMicroseconds = file.item.isBatch ? nil : file.contents?.expiresAtMicroseconds
            facts.fault = file.fault
            facts.presence = server.presence
            facts.holdsWithoutClients = configuration.holdsWithoutClients
            facts.clients = server.clients
            facts.before = look.before(file.item)
            explanation.add(file, waitsFor: facts.reasons, server)
        }
        let logged: LoggedEvents? = if case .file(let path) = log { LoggedEvents(path) } else { nil }
        if let journal, !journal.events.isEmpty { explanation.add(journal) { logged?.clients(seq: $0) } }
        if let logged, let leftOut = word.ids.lazy.compactMap({ logged.leftOut($0) }).first {
            explanation.add(leftOut, in: logged.path)
        }
        if explanation.isEmpty, look.hasEntry(word) { explanation.add(leftAlone: word.text) }
        guard explanation.isEmpty else {
            try terminal.write(explanation.text)
            return .success
        }
        return try tellNothing(word, journal, unreadable, configuration, &explanation, terminal)
    }

    private static func tellNothing(
        _ word: EventWord, _ journal: JournalLook?, _ unreadable: [String], _ configuration: Configuration,
        _ explanation: inout Explanation, _ terminal: Terminal
    ) throws -> ExitStatus {
        guard unreadable.isEmpty else {
            terminal.complain(
                "nothing is known of '\(word.text)' in what this user may read, which is not "
                    + "\(unreadable.joined(separator: " and ")); root and the server's own user may")
            return .notPermitted
        }
        explanation.add(nothing: word, journal?.extent, hasJournal: journal != nil)
        try terminal.write(explanation.text)
        let elsewhere = configuration.redis == nil ? "" : ", or is in Redis, at which this does not look"
        terminal.complain("'\(word.text)' was trimmed or was never here\(elsewhere)")
        return .noInput
    }

    /// - Returns: `nil` where there is no journal that this user may read.
    private static func journal(
        _ word: EventWord, _ files: [FoundFile], in queue: Directory, _ configuration: Configuration,
        _ unreadable: inout [String]
    ) throws -> JournalLook? {
        var path = queue.path(of: JournalStorage.directoryName)
        do throws(SystemCallError) {
            let directory: Directory
            switch configuration.journalPlace {
            case .off: return nil
            case .queue: directory = try queue.openDirectory(JournalStorage.directoryName)
            case .directory(let place):
                path = place
                directory = try Directory.open(place)
            }
            return try JournalLook(directory) { id in
                word.means(id) || files.contains { $0.isOf(id) }
            } _: { event in
                word.means(event.id) || files.contains { $0.isSame(as: event) }
            }
        } catch {
            if error.isNotFound { return nil }
            guard error.isPermission else { throw error }
            unreadable.append(path)
            return nil
        }
    }
}
