extension OptionTable {
    /// The manual page, for man(1), made of what help is made of (man(7), groff_man(7)).
    ///
    /// - Parameters:
    ///   - section: 1 for commands, 8 for servers.
    ///   - related: The pages that are worth reading too, such as `wsqueue(7)`.
    ///   - prose: What the page says besides, with headings of its own.
    package func manual(section: Int, related: [String] = [], prose: String = "") -> String {
        var page = Roff.head(program, section: "\(section)", title: title)
        page += ".SH SYNOPSIS\n" + synopsis
        page += ".SH DESCRIPTION\n\(Roff.escaped(summary))\n"
        if !lines.isEmpty { page += ".PP\nWhat is typed most:\n" + Roff.literal(lines) }
        let shown = options.filter { !$0.isHidden }
        if !shown.isEmpty { page += ".SH OPTIONS\n" + shown.map { $0.item }.joined() }
        if !commands.isEmpty {
            page += ".SH COMMANDS\n"
            for command in distinctCommands { page += describe(command) }
        }
        for section in sections {
            page += ".SH \(Roff.escaped(section.heading.uppercasedASCII))\n" + Self.contents(of: section)
        }
        page += prose
        let variables = shown.filter { $0.environment != nil }
        if !variables.isEmpty {
            page += ".SH ENVIRONMENT\nA variable counts where the option is not given; an empty one is none.\n"
            for option in variables {
                page += ".TP\n.B \(option.environment ?? "")\n\\fB\\-\\-\(Roff.escaped(option.name))\\fR\n"
            }
        }
        return page + Roff.seeAlso(related)
    }

    /// What stands after the name, in whatis(1) too: the first sentence, without its full stop.
    private var title: String { String(purpose.prefix(1)).lowercasedASCII + purpose.dropFirst() }

    private var synopsis: String {
        ".nf\n" + forms.map { "\\fB\(Roff.escaped(program))\\fR \(Roff.escaped($0))\n" }.joined() + ".fi\n"
    }

    private func describe(_ command: OptionTable) -> String {
        var text = ".SS \(Roff.escaped(command.name))\n\(command.synopsis).PP\n\(Roff.escaped(command.summary))\n"
        let shown = command.options.filter { !$0.isHidden }
        for option in shown where !options.contains(option) { text += option.item }
        text += shared(shown.filter(options.contains))
        // What a status means is told once for all commands.
        for section in command.sections where !section.isExitStatuses {
            text += ".PP\n\\fB\(Roff.escaped(section.heading))\\fR\n" + Self.contents(of: section)
        }
        return text
    }

    /// Which of the program's own options a command takes.
    private func shared(_ options: [Option]) -> String {
        switch options.count {
        case 0: ""
        case ...Self.namedOptions:
            ".PP\nAs above: " + options.map { "\\fB\\-\\-\(Roff.escaped($0.name))\\fR" }.joined(separator: ",\n")
                + ".\n"
        default: ".PP\nIt takes the options above as well.\n"
        }
    }

    private static let namedOptions = 8

    private static func contents(of section: Section) -> String {
        // A paragraph of its own, or roff would put it after the heading.
        if section.isProse { return section.lines.map { ".PP\n\(Roff.escaped($0))\n" }.joined() }
        return Roff.literal(section.lines)
    }
}
