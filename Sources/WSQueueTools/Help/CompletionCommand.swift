package import WSQueueArguments
package import WSQueueCommandLine
internal import WSQueueSpool
internal import WSQueueSystem

/// `wsqueue-server completion SHELL`: prints what teaches a shell the commands and options.
///
/// The script asks `wsqueue-server completion words -- WORD...` what may stand where the last word does.
package enum CompletionCommand: Command {
    package static let table = OptionTable.command(
        "completion", forms: ["bash|zsh|fish"],
        summary: "Prints what completes the words in a shell: eval \"$(wsqueue-server completion bash)\".",
        words: Shell.allCases.map(\.rawValue))

    package static func run(_ arguments: ParsedArguments, in program: ProgramContext) throws -> ExitStatus {
        guard let name = arguments.operands.first else {
            throw ArgumentFault.missingValue(option: "completion", what: "bash, zsh or fish")
        }
        let completer: Completer
        do throws(ValueFault) {
            completer = try Completer.parse(name)
        } catch {
            throw ArgumentFault.badValue(error, .flag("completion"))
        }
        switch completer {
        case .script(let shell):
            try arguments.refuseOperands(after: 1)
            try program.terminal.write(shell.script(program.table.program, asking: "completion words"))
        case .words:
            try program.terminal.write(words(Array(arguments.operands.dropFirst()), program.table).lines)
        }
        return .success
    }

    private static func words(_ words: [String], _ table: OptionTable) -> Completions {
        var found = table.completions(of: words)
        if case .events(let states) = found.source, let spool = queue(words, table) {
            for name in names(states, in: spool) { found.offer(name) }
        }
        return found
    }

    /// The queue that a command line means, as far as it is typed.
    private static func queue(_ words: [String], _ table: OptionTable) -> Directory? {
        guard let command = table.commands.first(where: { $0.name == words.first }),
            var arguments = try? command.parse(
                Array(words.dropFirst().dropLast()), environment: { ConfigurationSources.variable($0) })
        else { return nil }
        try? ConfigurationSources.add(to: &arguments, for: command.options)
        return try? Directory.open(arguments.value(ServerOptions.directory) ?? DefaultQueue.path)
    }

    /// The names of files in some states, as `queue` takes them.
    private static func names(_ states: [String], in spool: Directory) -> [String] {
        let unix = Clock.unixNanoseconds()
        return states.compactMap(SpoolItem.State.init(rawValue:)).flatMap { state in
            guard var inventory = try? SpoolInventory(spool, state, unix: unix), let page = try? inventory.nextPage()
            else { return [String]() }
            return page.compactMap { name(of: $0) }
        }
    }

    /// What a shell takes as it is.
    private static func name(of item: SpoolItem) -> String? {
        let bytes = Array(item.name.bytes.prefix(SpoolName.kind(of: item.name.bytes.span).stemCount))
        let isPlain = bytes.allSatisfy { byte in
            byte &- UInt8(ascii: "a") < 26 || byte &- UInt8(ascii: "A") < 26 || byte &- UInt8(ascii: "0") < 10
                || "-_.:@+=,%".utf8.contains(byte)
        }
        return isPlain && bytes.first != UInt8(ascii: "-") ? String(decoding: bytes, as: UTF8.self) : nil
    }
}
