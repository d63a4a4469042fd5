extension OptionTable {
    /// The manual page, for man(1), made of what help is made of (man(7), groff_man(7)).
    ///
    /// - Parameters:
    ///   - section: 1 for commands, 7 for conventions, 8 for servers.
    ///   - related: The pages that are worth reading too, such as `wsqueue(7)`.
    package func manual(section: Int, related: [String] = []) -> String {
        var page = ".TH \(Self.escaped(program.uppercased())) \(section) \"\" \"wsqueue \(Version.text)\" \"wsqueue\"\n"
        page += ".SH NAME\n\(Self.escaped(program)) \\- \(Self.escaped(title))\n"
        if !forms.isEmpty {
            page += ".SH SYNOPSIS\n.nf\n"
            for form in forms { page += "\\fB\(Self.escaped(program))\\fR \(Self.escaped(form))\n" }
            page += ".fi\n"
        }
        page += ".SH DESCRIPTION\n\(Self.escaped(summary))\n"
        let shown = options.filter { !$0.isHidden }
        if !shown.isEmpty {
            page += ".SH OPTIONS\n"
            for option in shown { page += Self.describe(option) }
        }
        if !commands.isEmpty {
            page += ".SH COMMANDS\n"
            for command in distinctCommands { page += describe(command) }
        }
        for section in sections { page += Self.describe(section) }
        let variables = shown.filter { $0.environment != nil }
        if !variables.isEmpty {
            page += ".SH ENVIRONMENT\nA variable counts where the option is not given; an empty one is none.\n"
            for option in variables {
                page += ".TP\n.B \(option.environment ?? "")\n\\fB\\-\\-\(Self.escaped(option.name))\\fR\n"
            }
        }
        if !related.isEmpty { page += ".SH SEE ALSO\n\(related.map(Self.reference).joined(separator: ",\n"))\n" }
        return page
    }

    /// What stands after the name, in whatis(1) too: the first sentence, without its full stop.
    private var title: String {
        let first = summary.split(separator: ".").first.map(String.init) ?? ""
        return first.prefix(1).lowercased() + first.dropFirst()
    }

    private static func describe(_ option: Option) -> String {
        var names = option.short.map { "\\fB\\-\($0)\\fR, " } ?? ""
        names += "\\fB\\-\\-\(escaped(option.name))\\fR"
        switch option.value {
        case .none: break
        case .required(let what): names += " \\fI\(escaped(what))\\fR"
        case .optional(let what): names += "[=\\fI\(escaped(what))\\fR]"
        }
        return ".TP\n\(names)\n\(escaped(option.explanation))\n"
    }

    private func describe(_ command: OptionTable) -> String {
        var text = ".SS \(Self.escaped(command.name))\n.nf\n"
        for form in command.forms { text += "\\fB\(Self.escaped(command.program))\\fR \(Self.escaped(form))\n" }
        text += ".fi\n.PP\n\(Self.escaped(command.summary))\n"
        let shown = command.options.filter { !$0.isHidden }
        for option in shown where !options.contains(option) { text += Self.describe(option) }
        text += shared(shown.filter(options.contains))
        // What a status means is told once for all commands.
        for section in command.sections where !section.isExitStatuses {
            text += ".PP\n\\fB\(Self.escaped(section.heading))\\fR\n" + Self.contents(of: section)
        }
        return text
    }

    /// Which of the program's own options a command takes.
    private func shared(_ options: [Option]) -> String {
        switch options.count {
        case 0: ""
        case ...Self.namedOptions:
            ".PP\nAs above: " + options.map { "\\fB\\-\\-\(Self.escaped($0.name))\\fR" }.joined(separator: ",\n")
                + ".\n"
        default: ".PP\nIt takes the options above as well.\n"
        }
    }

    private static let namedOptions = 8

    private static func describe(_ section: Section) -> String {
        ".SH \(escaped(section.heading.uppercased()))\n" + contents(of: section)
    }

    private static func contents(of section: Section) -> String {
        let lines = section.lines.map { escaped($0) + "\n" }
        // A paragraph of its own, or roff would put it after the heading.
        if section.isProse { return lines.map { ".PP\n" + $0 }.joined() }
        return ".PP\n.nf\n" + lines.joined() + ".fi\n"
    }

    private static func reference(_ page: String) -> String {
        let parts = page.split(separator: "(")
        return parts.count == 2 ? "\\fB\(escaped(String(parts[0])))\\fR(\(parts[1])" : escaped(page)
    }

    /// Text for roff: a hyphen that may be copied, no line that begins as a request.
    private static func escaped(_ text: String) -> String {
        var result = ""
        for character in text {
            switch character {
            case "\\": result += "\\e"
            case "-": result += "\\-"
            case "'": result += "\\(aq"
            case "`": result += "\\(ga"
            case "^": result += "\\(ha"
            case "~": result += "\\(ti"
            default: result.append(character)
            }
        }
        return result.hasPrefix(".") ? "\\&" + result : result
    }
}
