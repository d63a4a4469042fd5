internal import WSQueueAccess
package import WSQueueArguments
package import WSQueueCommandLine
internal import WSQueueCore
internal import WSQueueOperation

/// `wsqueue-server check`: what a server with these options would do, and whether it could.
package enum CheckCommand: Command {
    package static let table = OptionTable.command(
        "check", forms: ["[OPTION]..."],
        summary: "Prints the configuration that counts, and where each value comes from. Reads the files it names as "
            + "the server would, and starts nothing. What it prints is a configuration file.",
        options: Setting.options + ServerOptions.sources,
        sections: [
            OptionTable.Section(
                "Examples",
                [
                    "wsqueue-server check --config /etc/wsqueue/server.conf",
                    "wsqueue-server check --port 9000 > new.conf",
                ]),
            OptionTable.Section.exitStatuses([.success, .usage, .configuration]),
        ])

    package static func run(_ arguments: ParsedArguments, in program: ProgramContext) throws -> ExitStatus {
        try arguments.refuseOperands()
        var faults: [ArgumentFault] = []
        let settings = ServerSettings(arguments, faults: &faults)
        // Root may read what the service may not.
        let user = try InstalledQueue.becomeUser(serving: settings.configuration.queuePath)
        let reports = AccessFileReport.all(settings.configuration)
        try program.terminal.write(EffectiveConfiguration.text(arguments, reports))
        for warning in settings.warnings(arguments) { program.terminal.complain(warning.description) }
        if case .off = settings.configuration.journalPlace, settings.configuration.redis == nil {
            program.terminal.complain(
                "journal: off keeps history and the state of keys in memory only; both are gone when the server ends")
        }
        if let doubt = OwnerDoubt.looked(settings.configuration),
            !doubt.forbidsRules || settings.configuration.publisherRulesPath == nil
        {
            program.terminal.complain("warning: \(doubt.reason); \(doubt.hint)")
        }
        for report in reports { for warning in report.warnings { program.terminal.complain(warning) } }
        for fault in faults { program.terminal.complain(fault.description) }
        var statuses = faults.map(\.exitStatus)
        for case .failure(let error) in reports.map(\.result) {
            let reader = user.map { " (looked at as user \($0), whose service it is)" } ?? ""
            program.terminal.complain("\(error.option): \(error)\(reader)\(error.hint.map { "; \($0)" } ?? "")")
            statuses.append(.configuration)
        }
        return statuses.contains(.configuration) ? .configuration : statuses.first ?? .success
    }
}

/// The configuration that counts as text: a configuration file with the origin of each value after it.
private enum EffectiveConfiguration {
    static func text(_ arguments: ParsedArguments, _ reports: [AccessFileReport]) -> String {
        var rows: [(entry: String, origin: String)] = []
        for option in Setting.options {
            let values = EffectiveValue.all(of: option, arguments)
            for value in values {
                rows.append(("\(option.name) = \(shown(value.text))", value.origin.map(\.place) ?? "default"))
            }
            if values.isEmpty, case .described(let what) = option.defaultValue {
                rows.append(("# \(option.name): \(what)", "default"))
            }
        }
        // One long path does not push all origins to the right.
        let width = min(rows.map(\.entry.count).max() ?? 0, 40)
        var lines = rows.map { row in
            row.entry + String(repeating: " ", count: max(0, width - row.entry.count)) + "  # \(row.origin)"
        }
        for report in reports {
            guard case .success(let contents) = report.result else { continue }
            lines.append("# \(report.path): \(contents)")
        }
        return lines.map { "\(TerminalText.plain($0))\n" }.joined()
    }

    /// A value as a configuration file has it; a password in a URL is not shown.
    private static func shown(_ value: String) -> String {
        var text = value
        // What a URL has before its last '@': scheme, user, password, of which the colons tell the ends.
        if let end = text.lastIndex(of: "@"), let scheme = text[..<end].firstIndex(of: ":"),
            text[scheme..<end].hasPrefix("://"),
            let colon = text[text.index(after: scheme)..<end].firstIndex(of: ":")
        {
            text.replaceSubrange(text.index(after: colon)..<end, with: "...")
        }
        let needsQuotes = text.contains(" ") || text.contains("#") || text.isEmpty
        return needsQuotes ? "\"\(text)\"" : text
    }
}
