package import WSQueueArguments

/// `wsqueue-server completion SHELL`: prints what teaches a shell the commands and options.
package enum CompletionCommand: Command {
    package static let table = OptionTable.command(
        "completion", forms: ["bash|zsh|fish"],
        summary: "Prints the completions for a shell: eval \"$(wsqueue-server completion bash)\".",
        words: Shell.allCases.map(\.rawValue))

    package static func run(_ arguments: ParsedArguments, in program: ProgramContext) throws -> ExitStatus {
        guard let name = arguments.operands.first else {
            throw ArgumentFault.missingValue(option: "completion", what: "bash, zsh or fish")
        }
        try arguments.refuseOperands(after: 1)
        let shell: Shell
        do throws(ValueFault) {
            shell = try Shell.parse(name)
        } catch {
            throw ArgumentFault.badValue(error, .flag("completion"))
        }
        try program.terminal.write(program.table.completion(for: shell))
        return .success
    }
}
