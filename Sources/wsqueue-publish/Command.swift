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
            return run(arguments, table).rawValue
        } catch {
            report(error, hint: table.hint)
            return error.exitStatus.rawValue
        }
    }

    private static func run(_ arguments: ParsedArguments, _ table: OptionTable) -> ExitStatus {
        do {
            if arguments.has(.help) {
                try Console.write(Array(table.help.utf8))
            } else if arguments.has(.version) {
                try Console.write(Array("\(table.program) \(Version.text)\n".utf8))
            } else if arguments.has(.lines) {
                try LinesCommand(arguments).run()
            } else {
                try EventCommand(arguments).run()
            }
            return .success
        } catch let error as ArgumentFault {
            report(error, hint: error.exitStatus == .usage ? table.hint : nil)
            return error.exitStatus
        } catch {
            if !arguments.has(.quiet) { report(error, hint: nil) }
            return status(of: error)
        }
    }

    private static func report(_ error: any Error, hint: String?) {
        Console.report("wsqueue-publish: \(error)" + (hint.map { "; \($0)" } ?? ""))
    }

    private static func status(of error: any Error) -> ExitStatus {
        switch error {
        case let error as PublishError: error.kind.exitStatus
        case let error as InputError: error.isStandardInput ? .inputOutput : .noInput
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
        }
    }
}
