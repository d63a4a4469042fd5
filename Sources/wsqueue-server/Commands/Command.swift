internal import WSQueueArguments

/// One command of the program, `wsqueue-server NAME`.
///
/// A command that is added needs a file here and a row in ``Program/commands``.
protocol Command: SendableMetatype {
    /// Its name, its options and what help says of it; made by ``OptionTable/command(_:forms:summary:options:words:sections:)``.
    static var table: OptionTable { get }

    /// Does what the command line says. `--help` has been answered before.
    ///
    /// - Returns: What to exit with.
    /// - Throws: `ArgumentFault` for a wrong command line, ``CommandError`` for what has a status of its own, and
    ///   `SystemCallError`; each becomes one line on standard error.
    static func run(_ arguments: ParsedArguments) throws -> ExitStatus
}

/// Why a command could not do what it was asked for.
struct CommandError: Error {
    /// One line without a full stop: what failed, and what to do.
    let text: String
    /// What to exit with.
    let status: ExitStatus

    /// Makes an error of a line and a status.
    init(_ status: ExitStatus, _ text: String) {
        self.text = text
        self.status = status
    }
}

extension OptionTable {
    /// The table of `wsqueue-server NAME`, with `--help` at its end.
    ///
    /// - Parameter summary: The part before the first full stop, colon or semicolon stands in the list of commands.
    static func command(
        _ name: String, forms: [String], summary: String, options: [Option] = [], words: [String] = [],
        sections: [Section] = []
    ) -> OptionTable {
        OptionTable(
            "wsqueue-server \(name)", forms: forms, summary: summary, options: options + [ServerOptions.help],
            words: words, sections: sections)
    }
}

extension ParsedArguments {
    /// Refuses more operands than a command takes.
    func refuseOperands(after count: Int = 0) throws(ArgumentFault) {
        if let word = operands.dropFirst(count).first { throw .other("unexpected '\(word)'") }
    }
}
