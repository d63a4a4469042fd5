internal import WSQueueArguments
internal import WSQueuePublish

/// The program: reads the command line, does what it says, and reports.
enum Command {
    /// Runs the program.
    ///
    /// - Returns: What to exit with. Nothing is thrown from here, because an error that leaves `main` is a crash.
    static func run() -> Int32 {
        let table = OptionTable.publish
        do {
            let words = try CommandLineWords.decode(Console.words())
            let arguments = try table.parse(words, environment: Console.environment)
            return run(arguments, table)
        } catch {
            report(error, hint: table.hint)
            return error.exitStatus.rawValue
        }
    }

    private static func run(_ arguments: ParsedArguments, _ table: OptionTable) -> Int32 {
        do {
            if arguments.has(.help) {
                try Console.write(Array(table.help.utf8))
            } else if arguments.has(.version) {
                try Console.write(Array("\(table.program) \(Version.text)\n".utf8))
            } else if arguments.has(.manual) {
                try Console.write(Array(table.manual(section: 1, related: ["wsqueue(7)", "wsqueue-server(8)"]).utf8))
            } else if let shell = try arguments.value(.completion, as: Shell.parse) {
                try Console.write(Array(table.completion(for: shell).utf8))
            } else {
                return try runCommand(arguments)
            }
            return ExitStatus.success.rawValue
        } catch let error as ArgumentFault {
            report(error, hint: error.exitStatus == .usage ? table.hint : nil)
            return error.exitStatus.rawValue
        } catch {
            if !arguments.has(.quiet) { report(error, hint: nil) }
            return status(of: error).rawValue
        }
    }

    /// Does what one of the commands says.
    private static func runCommand(_ arguments: ParsedArguments) throws -> Int32 {
        let commands = [Option.lines, .follow, .run, .hold, .release, .abort, .cancel].filter(arguments.has)
        guard commands.count < 2 else {
            throw ArgumentFault.other("--\(commands[0].name) and --\(commands[1].name) cannot be used together")
        }
        switch commands.first {
        case Option.lines: try LinesCommand(arguments).run()
        case Option.follow: return try FollowCommand(arguments).run().rawValue
        case Option.run: return try RunCommand(arguments).run()
        case Option.release, Option.abort, Option.cancel: try HeldCommand(arguments).run()
        default: try EventCommand(arguments).run()
        }
        return ExitStatus.success.rawValue
    }

    private static func report(_ error: any Error, hint: String?) {
        Console.report("wsqueue-publish: \(error)" + (hint.map { "; \($0)" } ?? ""))
    }

    private static func status(of error: any Error) -> ExitStatus {
        switch error {
        case let error as PublishError: error.kind.exitStatus
        case let error as InputError: error.isStandardInput ? .inputOutput : .noInput
        case let error as WaitError: error.exitStatus
        case is OutputError: .inputOutput
        default: .bug
        }
    }
}

extension PublishError.Kind {
    fileprivate var exitStatus: ExitStatus {
        switch self {
        case .refused: .badData
        case .noDirectory, .cannotCreate: .cannotCreate
        case .notPermitted: .notPermitted
        case .writeFailed, .publishedUnsafely: .inputOutput
        case .tryAgain: .tryAgain
        case .notFound: .noInput
        }
    }
}
