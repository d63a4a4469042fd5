package import WSQueueArguments
package import WSQueueCommandLine
internal import WSQueueManual
internal import WSQueueSystem

/// The commands of the program: finds the one that is meant, reads what follows it, and reports what failed.
package struct CommandTable {
    private let commands: [any Command.Type]
    private let standard: any Command.Type
    /// The program as a whole: the commands, and the options of the one that need not be named.
    private let table: OptionTable

    /// Makes a table; help, manual page and completions are made of it.
    ///
    /// - Parameters:
    ///   - commands: In the order of help.
    ///   - standard: The one among them that need not be named.
    package init(_ commands: [any Command.Type], standard: any Command.Type) {
        self.commands = commands
        self.standard = standard
        table = OptionTable(
            "wsqueue-server", forms: ["[run | COMMAND] [OPTION]... [WORD]..."], lines: standard.table.lines,
            summary: standard.table.summary, options: standard.table.options, commands: commands.map { $0.table },
            sections: standard.table.sections)
    }

    /// Runs the command that a command line means; every error ends here, because one that left `main` would be a trap.
    ///
    /// - Parameters:
    ///   - vector: The bytes of all words, the program's name first.
    ///   - environment: The value of a variable.
    package func run(
        _ vector: [[UInt8]], on terminal: Terminal,
        environment: (String) -> String? = { ConfigurationSources.variable($0) }
    ) -> ExitStatus {
        let program = ProgramContext(table, terminal)
        do throws(ArgumentFault) {
            let words = try CommandLineWords.decode(vector)
            guard let name = words.first, name.utf8.first != UInt8(ascii: "-") else {
                return run(standard, table, words, program, environment)
            }
            guard name != standard.table.name else {
                return run(standard, table, Array(words.dropFirst()), program, environment)
            }
            guard let command = commands.first(where: { $0.table.name == name }) else {
                let nearest = NearestName.of(name, among: commands.map { $0.table.name })
                throw .other("unknown command '\(name)'" + (nearest.map { "; did you mean \($0)?" } ?? ""))
            }
            return run(command, command.table, Array(words.dropFirst()), program, environment)
        } catch {
            terminal.complain("\(error); \(table.hint)")
            return error.exitStatus
        }
    }

    private func run(
        _ command: any Command.Type, _ table: OptionTable, _ words: [String], _ program: ProgramContext,
        _ environment: (String) -> String?
    ) -> ExitStatus {
        let terminal = program.terminal
        do {
            var arguments = try table.parse(words, environment: environment)
            if let text = try answer(arguments, table) {
                try terminal.write(text)
                return .success
            }
            // With a slip in it, it would be another queue or another server that is looked at.
            if table.options.contains(where: { $0.environment != nil }),
                let slip = ConfigurationSources.unknownVariables().slips.first
            {
                throw slip
            }
            if table.options.contains(where: { $0.name == ServerOptions.configFile.name }) {
                try ConfigurationSources.add(to: &arguments, for: table.options)
            }
            return try command.run(arguments, in: program)
        } catch let error as ArgumentFault {
            terminal.complain("\(error)" + (error.exitStatus == .usage ? "; \(table.hint)" : ""))
            return error.exitStatus
        } catch let error as CommandError {
            terminal.complain(error.text)
            return error.status
        } catch let error as SystemCallError {
            terminal.complain("\(error)")
            return error.isPermission ? .notPermitted : .inputOutput
        } catch {
            terminal.complain("\(error)")
            return .bug
        }
    }

    /// What `--help`, `--man` and `--version` print; `nil` without them.
    private func answer(_ arguments: ParsedArguments, _ table: OptionTable) throws(ArgumentFault) -> String? {
        if let text = try table.help(arguments, .help, of: self.table) { return text }
        if let page = try arguments.value(ServerOptions.manual, as: Manual.Page.parse) {
            return Manual.text(page, program: self.table, settings: Setting.options)
        }
        return arguments.has(ServerOptions.version) ? "wsqueue-server \(Version.text)\n" : nil
    }
}
