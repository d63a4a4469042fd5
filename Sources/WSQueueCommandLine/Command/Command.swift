package import WSQueueArguments

/// One command of the program, `wsqueue-server NAME`.
///
/// A command that is added needs a file and a row in the table that `main` makes.
package protocol Command: SendableMetatype {
    /// Its name, its options and what help says of it; made by ``OptionTable/command(_:forms:summary:options:words:operands:sections:)``.
    static var table: OptionTable { get }

    /// Does what the command line says. `--help` has been answered before.
    ///
    /// - Parameter program: What the command is part of.
    /// - Returns: What to exit with.
    /// - Throws: `ArgumentFault` for a wrong command line, ``CommandError`` for what has a status of its own, and
    ///   `SystemCallError`; each becomes one line on standard error.
    static func run(_ arguments: ParsedArguments, in program: ProgramContext) throws -> ExitStatus
}

/// What a command is part of.
package struct ProgramContext: Sendable {
    /// The program as a whole, with the tables of all its commands.
    package let table: OptionTable
    /// Where a command writes.
    package let terminal: Terminal

    /// Makes a context.
    package init(_ table: OptionTable, _ terminal: Terminal) {
        self.table = table
        self.terminal = terminal
    }
}

/// Why a command could not do what it was asked for.
package struct CommandError: Error {
    /// One line without a full stop: what failed, and what to do.
    package let text: String
    /// What to exit with.
    package let status: ExitStatus

    /// Makes an error of a line and a status.
    package init(_ status: ExitStatus, _ text: String) {
        self.text = text
        self.status = status
    }
}

extension Option {
    /// `--help`, which every command takes.
    package static let help = Option(
        "help", short: "h", value: .optional("all"), text: "To see what is needed most, or all.")
}

extension OptionTable {
    /// The table of `wsqueue-server NAME`, with `--help` at its end.
    ///
    /// - Parameters:
    ///   - summary: Its first sentence stands in the list of commands.
    ///   - operands: What completes the operands.
    package static func command(
        _ name: String, forms: [String], summary: String, options: [Option] = [], words: [String] = [],
        operands: [Operand] = [], sections: [Section] = []
    ) -> OptionTable {
        OptionTable(
            "wsqueue-server \(name)", forms: forms, summary: summary, options: options + [.help],
            words: words, operands: operands, sections: sections)
    }
}

extension ParsedArguments {
    /// Refuses more operands than a command takes.
    package func refuseOperands(after count: Int = 0) throws(ArgumentFault) {
        if let word = operands.dropFirst(count).first { throw .other("unexpected '\(word)'") }
    }
}
