package import WSQueueArguments
package import WSQueueCommandLine
internal import WSQueueSpool
internal import WSQueueSystem

/// `wsqueue-server queue`: looks after the files in a queue, with a server or without.
package enum QueueCommand: Command {
    static let json = Option("json", text: "For programs that read what ls prints: a JSON object a line.")
    static let all = Option("all", short: "a", text: "To requeue all that is in .failed/, once its cause is mended.")

    private static let states = SpoolItem.State.allCases.map(\.rawValue)
    private typealias Operand = OptionTable.Operand

    package static let table = OptionTable.command(
        "queue",
        forms: [
            "ls [OPTION]... [waiting|later|held|failed]...", "cat [OPTION]... NAME",
            "rm|hold|release|requeue [OPTION]... NAME...", "requeue [OPTION]... --all",
        ],
        summary: "Shows and mends what is in the queue directory. It works with a server and without one.",
        options: [ServerOptions.directory] + ServerOptions.sources + [json, all],
        words: Verb.allCases.map(\.rawValue),
        operands: [
            Operand(after: "ls", states), Operand(after: "cat", source: .events(states)),
            Operand(after: "rm", source: .events(states)),
            Operand(after: "hold", source: .events(["waiting", "later"])),
            Operand(after: "release", source: .events(["held"])),
            Operand(after: "requeue", source: .events(["failed"])),
        ],
        sections: [
            OptionTable.Section(
                "What it does",
                [
                    "ls       lists, each the oldest first, what waits for the server, what waits",
                    "         for its time (later), what is held back, and what could not be",
                    "         accepted (failed), with age, size, event, [key] where it is the",
                    "         state of one ([key ends] where it ends that), name and reason",
                    "cat      prints a file",
                    "rm       removes files",
                    "hold     hides files that wait, so that no server reads them; wsqueue-publish",
                    "         --hold makes such files too",
                    "release  brings them back, in the place and with the id that they had",
                    "requeue  brings back what is in .failed/, for another try",
                ]),
            OptionTable.Section(
                "Names",
                ["A NAME is what ls prints, a file's name without its suffix, or an event's id."], isProse: true),
            OptionTable.Section(
                "Examples",
                [
                    "wsqueue-server queue ls --dir /var/spool/wsqueue",
                    "wsqueue-server queue ls --json failed | jq -r .reason | sort | uniq -c",
                    "wsqueue-server queue requeue --all",
                ]),
            OptionTable.Section.exitStatuses([
                .success, .usage, .noInput, .cannotCreate, .inputOutput, .notPermitted, .configuration,
            ]),
        ])

    /// What is to be done.
    private enum Verb: String, CaseIterable {
        case ls, cat, rm, hold, release, requeue
    }

    package static func run(_ arguments: ParsedArguments, in program: ProgramContext) throws -> ExitStatus {
        guard let word = arguments.operands.first else {
            throw ArgumentFault.missingValue(
                option: "queue", what: Verb.allCases.map(\.rawValue).joined(separator: ", "))
        }
        guard let verb = Verb(rawValue: word) else {
            let nearest = NearestName.of(word, among: Verb.allCases.map(\.rawValue))
            throw ArgumentFault.other("queue: no command '\(word)'" + (nearest.map { "; did you mean \($0)?" } ?? ""))
        }
        try refuse(arguments, verb)
        let words = Array(arguments.operands.dropFirst())
        let unix = Clock.unixNanoseconds()
        switch verb {
        case .ls:
            let states = try QueueListing.states(words)
            return try QueueListing(try open(arguments), unix: unix, isJSON: arguments.has(json), program.terminal)
                .write(states)
        case .cat:
            guard words.count == 1 else { throw ArgumentFault.other("queue cat wants one NAME") }
            return QueueFiles(try open(arguments), unix: unix, program.terminal).each(words) { files, word in
                try files.print(word)
            }
        case .requeue where arguments.has(all):
            guard words.isEmpty else { throw ArgumentFault.other("queue requeue wants names or --all, not both") }
            return try QueueFiles(try open(arguments), unix: unix, program.terminal).requeueAll()
        case .rm, .hold, .release, .requeue:
            guard !words.isEmpty else { throw ArgumentFault.other("queue \(verb.rawValue) wants a NAME") }
            let files = QueueFiles(try open(arguments), unix: unix, program.terminal)
            return files.each(words) { files, word in
                switch verb {
                case .rm: try files.keeper.remove(files.find(word, [.waiting, .later, .held, .failed]))
                case .hold: try files.keeper.hold(files.find(word, [.waiting, .later]))
                case .release: try files.keeper.release(files.find(word, [.held]))
                default: _ = try files.keeper.requeue(files.find(word, [.failed]))
                }
            }
        }
    }

    /// Refuses options that mean nothing for a verb.
    private static func refuse(_ arguments: ParsedArguments, _ verb: Verb) throws(ArgumentFault) {
        if arguments.has(json), verb != .ls { throw .other("--json is for queue ls") }
        if arguments.has(all), verb != .requeue { throw .other("--all is for queue requeue") }
    }

    private static func open(_ arguments: ParsedArguments) throws -> Directory {
        let path = arguments.value(ServerOptions.directory) ?? DefaultQueue.path
        do throws(SystemCallError) {
            return try Directory.open(path)
        } catch {
            let advice =
                error.isPermission
                ? " (uid \(Process.user)); the owner of the queue and root may: try it with sudo"
                : "; name the queue directory with --dir"
            throw CommandError(error.isPermission ? .notPermitted : .cannotCreate, "\(error)\(advice)")
        }
    }
}
