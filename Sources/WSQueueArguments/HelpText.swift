extension OptionTable {
    /// What `--help` shows: at most 80 columns where the table's own lines are.
    package var help: String {
        var lines: [String] = []
        for (index, form) in forms.enumerated() {
            lines.append((index == 0 ? "Usage: " : "       ") + "\(program) \(form)")
        }
        lines += [""] + wrapped(summary, columns: Self.columns)
        if !commands.isEmpty {
            lines += ["", "Commands:"]
            for command in commands { lines += describe(command) }
            lines.append("  '\(program) COMMAND --help' says more.")
        }
        if !options.isEmpty {
            lines += ["", "Options:"]
            for option in options where !option.isHidden { lines += describe(option) }
        }
        for section in sections { lines += ["", "\(section.heading):"] + section.lines.map { "  \($0)" } }
        return lines.joined(separator: "\n") + "\n"
    }

    /// What a wrong command line is answered with besides the fault: one line.
    package var hint: String { "try '\(program) --help'" }

    private static let columns = 79
    /// Where the explanations begin.
    private static let indentation = 26
    private static let commandIndentation = 14

    private func describe(_ option: Option) -> [String] {
        let names = "  " + (option.short.map { "-\($0), " } ?? "    ") + "--\(option.name)" + option.value.suffix
        var text = option.explanation
        if let variable = option.environment { text += " [\(variable)]" }
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

    /// The exit statuses a program has, with their meanings.
    package static func exitStatuses(_ statuses: [ExitStatus]) -> OptionTable.Section {
        OptionTable.Section(
            exitStatusHeading, statuses.map { "\($0.rawValue < 10 ? " " : "")\($0.rawValue)  \($0.text)" })
    }
}
