package import WSQueueArguments
package import WSQueueCommandLine
internal import WSQueueCore
internal import WSQueueOperation
internal import WSQueueSystem

/// `wsqueue-server doctor`: what is wrong with a queue, its machine and its server, and what to type against it.
package enum DoctorCommand: Command {
    private static let user = Option(
        "as", value: .required("USER"), isRepeatable: true,
        text: "For somebody who cannot publish: whether this user may. Root tries it as that user, others compute it "
            + "from the mode bits (default: oneself; for root those whom the queue's group lists).")
    private static let unit = Option(
        "unit", value: .required("FILE"),
        text: "For a unit of another name: the file to look at (default: wsqueue-server.service, where systemd has "
            + "it).")
    private static let trial = Option("try", value: .required("WORDS"), isHidden: true, text: "A trial, as a child.")

    package static let table = OptionTable.command(
        "doctor", forms: ["[--as USER]... [OPTION]..."],
        summary: "Finds out what is wrong with the queue: a line each, with what to type against it. Tries what "
            + "publishers and the server do there, looks at its files, its file system, the machine's limits, the unit, "
            + "and asks the server. Give it the server's own options, or --config.",
        options: [user, unit, trial] + Setting.options + ServerOptions.sources,
        sections: [
            OptionTable.Section(
                "Examples",
                [
                    "sudo wsqueue-server doctor --config /etc/wsqueue/server.conf",
                    "sudo wsqueue-server doctor -d /var/spool/wsqueue --as www-data --as backup",
                ]),
            OptionTable.Section(
                "Exit status",
                [
                    " 0  nothing is to be mended; there may be notes",
                    "64  the command line is wrong",
                    "73  there is no queue directory",
                    "77  this user may not look at it",
                    "78  there are errors or warnings, or the configuration is wrong",
                ]),
        ])

    package static func run(_ arguments: ParsedArguments, in program: ProgramContext) throws -> ExitStatus {
        try arguments.refuseOperands()
        let settings = try ServerSettings(arguments)
        if let words = arguments.value(trial) {
            guard let report = try Prober.childReport(words, settings.configuration.queuePath) else { return .usage }
            try program.terminal.write(report)
            return .success
        }
        let doctor = Doctor(
            settings.configuration, publishers: try accounts(arguments), unitPath: try unitPath(arguments),
            program: [ownPath, "doctor"])
        let findings: [Finding]
        do throws(SystemCallError) {
            findings = try doctor.examine()
        } catch {
            throw CommandError(
                error.isPermission ? .notPermitted : .cannotCreate,
                "\(error); make it with: install -d -m 3730 -o wsqueue -g wsqueue-publish "
                    + "\(TerminalText.shellWord(settings.configuration.queuePath)), or name another by --dir")
        }
        try program.terminal.write(findings.map { "\($0)\n" }.joined())
        return findings.allSatisfy { $0.severity == .note } ? .success : .configuration
    }

    /// What this program is started by again; where /proc is not mounted, as in a chroot, by what it was started by.
    private static var ownPath: String {
        let own = "/proc/self/exe"
        guard (try? Directory.status(at: own)) == nil, let word = Process.arguments().first else { return own }
        return String(decoding: word, as: UTF8.self)
    }

    private static func accounts(_ arguments: ParsedArguments) throws -> [Account] {
        try arguments.values(user).map { name in
            guard let account = Account.named(name) else { throw CommandError(.usage, "--as \(name): no such user") }
            return account
        }
    }

    private static func unitPath(_ arguments: ParsedArguments) throws -> String? {
        guard let path = arguments.value(unit) else { return nil }
        _ = try Directory.status(at: path)
        return path
    }
}
