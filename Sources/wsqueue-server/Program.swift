internal import WSQueueArguments
internal import WSQueueSystem

/// The program: finds the command, reads what follows it, and reports what failed.
enum Program {
    /// A command's file is in `Commands`, and this is its row: help, manual page and completions are made of it.
    static let commands: [any Command.Type] = [
        RunCommand.self, CheckCommand.self, DoctorCommand.self, StatusCommand.self, TailCommand.self,
        QueueCommand.self, TokenCommand.self,
        CompletionCommand.self,
    ]

    /// The program as a whole: the commands, and the options of `run`, which need not be named.
    static let table = OptionTable(
        "wsqueue-server", forms: ["[run] [OPTION]...", "COMMAND [OPTION]... [WORD]..."],
        summary: RunCommand.table.summary, options: RunCommand.table.options, commands: commands.map { $0.table },
        sections: RunCommand.table.sections)

    /// wsqueue-server(8).
    static var manualPage: String { table.manual(section: 8, related: ["wsqueue-publish(1)", "wsqueue(7)"]) }

    /// Runs the program; every error ends here, because one that left `main` would be a trap.
    static func run() -> ExitStatus {
        do throws(ArgumentFault) {
            let words = try CommandLineWords.decode(Process.arguments())
            guard let name = words.first, name.utf8.first != UInt8(ascii: "-") else {
                return run(RunCommand.self, table, words)
            }
            guard let command = commands.first(where: { $0.table.name == name }) else {
                let nearest = NearestName.of(name, among: commands.map { $0.table.name })
                throw .other("unknown command '\(name)'" + (nearest.map { "; did you mean \($0)?" } ?? ""))
            }
            return run(command, command.table, Array(words.dropFirst()))
        } catch {
            Terminal.complain("\(error); \(table.hint)")
            return error.exitStatus
        }
    }

    private static func run(_ command: any Command.Type, _ table: OptionTable, _ words: [String]) -> ExitStatus {
        do {
            var arguments = try table.parse(words) { Process.environment($0) }
            if arguments.has(ServerOptions.help) {
                try Terminal.write(table.help)
                return .success
            }
            if let section = arguments.value(ServerOptions.manual) {
                try Terminal.write(section == "7" ? FormatManual.page : manualPage)
                return .success
            }
            if arguments.has(ServerOptions.version) {
                try Terminal.write("wsqueue-server \(Version.text)\n")
                return .success
            }
            if table.options.contains(ServerOptions.configFile) {
                try ConfigurationSources.add(to: &arguments, for: table.options)
            }
            return try command.run(arguments)
        } catch let error as ArgumentFault {
            Terminal.complain("\(error)" + (error.exitStatus == .usage ? "; \(table.hint)" : ""))
            return error.exitStatus
        } catch let error as CommandError {
            Terminal.complain(error.text)
            return error.status
        } catch let error as SystemCallError {
            Terminal.complain("\(error)")
            return error.isPermission ? .notPermitted : .inputOutput
        } catch {
            Terminal.complain("\(error)")
            return .bug
        }
    }
}
