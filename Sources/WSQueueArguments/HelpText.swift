extension OptionTable {
    /// What `--help` and `--help all` print; `nil` without them.
    ///
    /// - Parameters:
    ///   - option: `--help`.
    ///   - program: What the table is a command of, whose options it may take too.
    package func help(
        _ arguments: ParsedArguments, _ option: Option, of program: OptionTable? = nil
    ) throws(ArgumentFault) -> String? {
        guard let given = arguments.last(option) else { return nil }
        switch given.value {
        case nil: return lines.isEmpty ? help(of: program, isWhole: false) : screen
        case Self.all: return help(of: program, isWhole: true)
        case let other?: throw .badValue(ValueFault(other, wanted: Self.all), given.origin)
        }
    }

    /// What follows `--help` where all is to be shown.
    package static let all = "all"

    /// What a wrong command line is answered with besides the fault: one line.
    package var hint: String { "try '\(program) --help'" }

    /// What is typed most, on a screen of 24 lines and 80 columns.
    private var screen: String {
        var rows = ["Usage: \(program) \(forms.first ?? "")"] + wrapped(summary.firstSentence, columns: Self.columns)
        rows += [""] + lines.map { "  \($0)" } + [""]
        if !commands.isEmpty {
            rows += wrapped("Commands: " + commands.map { $0.name }.joined(separator: ", "), columns: Self.columns)
            rows += [""]
        }
        for option in options where option.isCommon { rows += describe(option, isBrief: true) }
        rows.append("")
        if !commands.isEmpty { rows.append("One command: '\(program) COMMAND --help'.") }
        rows.append("All options: '\(program) --help \(Self.all)'. More: 'man \(program)'.")
        return rows.joined(separator: "\n") + "\n"
    }

    /// All of it, or of a command what it does not share with its program.
    private func help(of program: OptionTable?, isWhole: Bool) -> String {
        var rows: [String] = []
        for (index, form) in forms.enumerated() {
            rows.append((index == 0 ? "Usage: " : "       ") + "\(self.program) \(form)")
        }
        rows += [""] + wrapped(summary, columns: Self.columns)
        if !lines.isEmpty { rows += [""] + lines.map { "  \($0)" } }
        if !commands.isEmpty {
            rows += ["", "Commands:"]
            for command in commands { rows += describe(command) }
            rows.append("  '\(self.program) COMMAND --help' says more.")
        }
        let shown = options.filter { !$0.isHidden }
        let shared = shown.filter { program?.shares($0) ?? false }
        let own = shown.filter { !shared.contains($0) }
        if !own.isEmpty { rows += ["", "Options:"] + own.flatMap { describe($0) } }
        if isWhole, !shared.isEmpty {
            rows += ["", "Options of the server that it takes too:"] + shared.flatMap { describe($0) }
        }
        for section in sections { rows += ["", "\(section.heading):"] + section.lines.map { "  \($0)" } }
        if !isWhole, !shared.isEmpty { rows += [""] + wrapped(told(of: shared), columns: Self.columns) }
        return rows.joined(separator: "\n") + "\n"
    }

    /// Whether an option is the program's, and not one that every command has in its own right.
    private func shares(_ option: Option) -> Bool { option.name != Self.help && options.contains(option) }

    private func told(of shared: [Option]) -> String {
        let names = shared.map { "--\($0.name)" }
        let which =
            names.count > Self.namedOptions
            ? "the server's own options" : "the server's " + names.joined(separator: ", ")
        return "Besides \(which): \(program) --help \(Self.all)."
    }

    private static let help = "help"
    private static let namedOptions = 8
    private static let columns = 79
    /// Where the explanations begin.
    private static let indentation = 26
    private static let commandIndentation = 14

    private func describe(_ option: Option, isBrief: Bool = false) -> [String] {
        let names = "  " + (option.short.map { "-\($0), " } ?? "    ") + "--\(option.name)" + option.value.suffix
        var text = isBrief ? option.text.firstSentence : option.explanation
        if !isBrief, let variable = option.environment { text += " [\(variable)]" }
        return entry(names, text, indentation: Self.indentation)
    }

    private func describe(_ command: OptionTable) -> [String] {
        entry("  \(command.name)", command.purpose, indentation: Self.commandIndentation)
    }

    private func entry(_ names: String, _ text: String, indentation: Int) -> [String] {
        let margin = String(repeating: " ", count: indentation)
        var lines = wrapped(text, columns: Self.columns - indentation).map { margin + $0 }
        // The names stand beside the explanation where they fit, else on a line of their own.
        guard names.count < indentation - 1, let first = lines.first else { return [names] + lines }
        lines[0] = names + first.dropFirst(names.count)
        return lines
    }

    private func wrapped(_ text: String, columns: Int) -> [String] {
        var lines: [String] = []
        var line = ""
        for word in text.split(separator: " ") {
            if !line.isEmpty, line.count + 1 + word.count > columns {
                lines.append(line)
                line = ""
            }
            line += line.isEmpty ? "\(word)" : " \(word)"
        }
        return line.isEmpty ? lines : lines + [line]
    }
}

extension Option.Value {
    /// How it is shown after the long name.
    fileprivate var suffix: String {
        switch self {
        case .none: ""
        case .required(let what): " \(what)"
        case .optional(let what): "[=\(what)]"
        }
    }
}

extension OptionTable.Section {
    private static let exitStatusHeading = "Exit status"

    /// Whether it lists exit statuses.
    var isExitStatuses: Bool { heading == Self.exitStatusHeading }

    /// The exit statuses a program has, with their meanings: those of its own, or the usual ones.
    package static func exitStatuses(
        _ statuses: [ExitStatus], meaning: (ExitStatus) -> String? = { _ in nil }
    ) -> OptionTable.Section {
        OptionTable.Section(
            exitStatusHeading,
            statuses.map { "\($0.rawValue < 10 ? " " : "")\($0.rawValue)  \(meaning($0) ?? $0.text)" })
    }
}
