internal import WSQueueArguments
internal import WSQueuePublishTool

/// What the command line asks for: made of it, and then run.
enum Command {
    case version, manual
    case help(String)
    case completion(CompletionCommand)
    case event(EventCommand)
    case lines(LinesCommand)
    case follow(FollowCommand)
    case run(RunCommand)
    case held(HeldCommand)

    /// Runs the program: reads the command line, does what it says, and reports.
    ///
    /// - Returns: What to exit with. Nothing is thrown from here, because an error that leaves `main` is a crash.
    static func run() -> Int32 {
        let table = OptionTable.publish
        let arguments: ParsedArguments
        do {
            let (words, spoiled) = try CommandLineWords.decodeAll(Console.words())
            arguments = try table.parse(words, spoiled: spoiled, environment: Console.environment)
        } catch {
            report(error.description, hint: table.hint)
            return error.exitStatus.rawValue
        }
        do throws(ArgumentFault) {
            let command = try Command(arguments, table)
            if !command.isAboutItself, let slip = Console.mistypedVariable(table) { throw slip }
            return run(command, arguments, table)
        } catch {
            report(error.description, hint: error.exitStatus == .usage ? table.hint : nil)
            return error.exitStatus.rawValue
        }
    }

    private static func run(_ command: Command, _ arguments: ParsedArguments, _ table: OptionTable) -> Int32 {
        do throws(CommandFault) {
            switch command {
            case .help(let text): try Console.write(Array(text.utf8))
            case .version: try Console.write(Array("\(table.program) \(Version.text)\n".utf8))
            case .manual:
                try Console.write(Array(table.manual(section: 1, related: ["wsqueue(7)", "wsqueue-server(8)"]).utf8))
            case .completion(let command): try command.run()
            case .lines(let command): try command.run()
            case .follow(let command): return try command.run().rawValue
            case .run(let command): return command.run()
            case .held(let command): try command.run()
            case .event(let command): try command.run()
            }
            return ExitStatus.success.rawValue
        } catch {
            if !arguments.has(.quiet) { report(error.description, hint: nil) }
            return error.exitStatus.rawValue
        }
    }

    /// Whether it only tells of the program.
    private var isAboutItself: Bool {
        switch self {
        case .help, .version, .manual, .completion: true
        default: false
        }
    }

    /// Takes what the command line says.
    private init(_ arguments: ParsedArguments, _ table: OptionTable) throws(ArgumentFault) {
        if let text = try table.help(arguments, .help) {
            self = .help(text)
        } else if arguments.has(.version) {
            self = .version
        } else if arguments.has(.manual) {
            self = .manual
        } else if let completer = try arguments.value(.completion, as: Completer.parse) {
            self = .completion(CompletionCommand(completer, arguments, table))
        } else {
            let commands = [Option.lines, .follow, .run, .hold, .release, .abort, .cancel].filter(arguments.has)
            guard commands.count < 2 else {
                throw .other("--\(commands[0].name) and --\(commands[1].name) cannot be used together")
            }
            switch commands.first {
            case Option.lines: self = .lines(try LinesCommand(arguments))
            case Option.follow: self = .follow(try FollowCommand(arguments))
            case Option.run: self = .run(try RunCommand(arguments))
            case Option.release, Option.abort, Option.cancel: self = .held(try HeldCommand(arguments))
            default: self = .event(try EventCommand(arguments))
            }
        }
    }

    private static func report(_ reason: String, hint: String?) {
        Console.report("wsqueue-publish: \(reason)" + (hint.map { "; \($0)" } ?? ""))
    }
}
