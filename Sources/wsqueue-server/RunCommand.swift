internal import WSQueueArguments
internal import WSQueueCommandLine
internal import WSQueueNet
internal import WSQueueOperation
internal import WSQueueServer
internal import WSQueueSystem
internal import WSQueueTools

/// `wsqueue-server [run]`: serves until a signal comes.
enum RunCommand: Command {
    static let table = OptionTable(
        "wsqueue-server run", forms: ["[OPTION]..."],
        lines: [
            "wsqueue-server                                # serves, on 127.0.0.1:8081",
            "wsqueue-server -d queue -l 0.0.0.0:8081       # this queue, on all addresses",
            "wsqueue-server queue ls                       # what waits, and what failed",
            "wsqueue-server tail                           # events, as they are sent",
            "wsqueue-server doctor                         # what is wrong, what to type",
        ],
        summary: "Sends every event file that appears in a directory to all WebSocket clients, then deletes it.",
        options: Setting.options + ServerOptions.sources
            + [ServerOptions.manual, .help, ServerOptions.version],
        sections: [
            OptionTable.Section(
                "Signals",
                [
                    "TERM, INT  stop in order: clients are closed with 1001; a second one at once",
                    "HUP        read secrets, rules and publishers again, open the log again",
                    "USR1       write a status line",
                ]),
            OptionTable.Section(
                "Examples",
                [
                    "wsqueue-server --dir /var/spool/wsqueue",
                    "wsqueue-server --listen 127.0.0.1:8081 --listen '[::1]:8081'",
                    "wsqueue-server --origin https://example.org --log-format json",
                    "wsqueue-server --config /etc/wsqueue/server.conf --set log-level=debug",
                ]),
            OptionTable.Section.exitStatuses([
                .success, .usage, .unavailable, .cannotCreate, .tryAgain, .notPermitted, .configuration,
            ]) { status in
                switch status {
                case .success: "a signal ended it in order"
                case .unavailable: "an address to listen on is in use"
                case .cannotCreate: "the queue or the journal cannot be used"
                case .tryAgain: "another server holds the queue, or something is short for the moment"
                default: nil
                }
            },
        ])

    static func run(_ arguments: ParsedArguments, in program: ProgramContext) throws -> ExitStatus {
        try arguments.refuseOperands()
        let settings = try ServerSettings(arguments)
        try InstalledQueue.refuseRoot(settings.configuration.queuePath)
        return serve(settings, settings.warnings(arguments), program.terminal)
    }

    /// Serves until a signal comes, and says what the start failed of.
    private static func serve(
        _ settings: ServerSettings, _ warnings: [SettingWarning], _ terminal: Terminal
    ) -> ExitStatus {
        // Before the log, whose thread would see the environment change.
        let manager = ServiceManager.takeFromEnvironment()
        do throws(SystemCallError) {
            // Before the log, whose thread inherits what is done with signals.
            return serve(settings, warnings, try Signals(), manager, terminal)
        } catch {
            terminal.complain("\(error)")
            return .tryAgain
        }
    }

    private static func serve(
        _ settings: ServerSettings, _ warnings: [SettingWarning], _ signals: consuming Signals,
        _ manager: consuming ServiceManager, _ terminal: Terminal
    ) -> ExitStatus {
        // Before the log, whose thread would go without the rules.
        let sandbox = Sandbox.enter(settings.configuration, logPath: settings.logFile)
        let log: Log
        do throws(SystemCallError) {
            log = try Log(
                level: settings.logLevel, format: settings.effectiveLogFormat, destination: settings.logDestination)
        } catch {
            terminal.complain("\(error)")
            return error.isPermission ? .notPermitted : .cannotCreate
        }
        defer { log.close() }
        for warning in warnings { log.write(warning.line) }
        do throws(ServerStartError) {
            var server = try Server(
                settings.configuration, log: log, signals: signals, manager: manager, sandbox: sandbox)
            try server.run { news in
                // Where the log has a file of its own, nobody looks.
                if settings.logFile == nil { tell(news, settings.configuration, terminal) }
                // The start is over, and with it most of the code that was run.
                if case .ready = news { ProgramPages.release() }
            }
            return .success
        } catch {
            log.write(LogLine(.error, "server.failed").with("error", error.description).with("hint", error.hint))
            return exitStatus(of: error)
        }
    }

    /// Tells a person at the terminal what the log would not say, or not at a glance.
    private static func tell(_ news: ServerNews, _ configuration: Configuration, _ terminal: Terminal) {
        switch news {
        case .ready(let addresses):
            guard configuration.pageReaders != .nobody else { return }
            for address in addresses { terminal.tell(page(at: address)) }
        case .backlog(let sent, let waiting):
            terminal.tell("The backlog: \(sent) events are sent, \(waiting) files or more wait")
        case .backlogDone(let sent, let seconds):
            terminal.tell("The backlog is sent: \(sent) events in \(seconds) s")
        }
    }

    /// Where a person at this machine sees the live page.
    private static func page(at address: Address) -> String {
        switch address {
        case .unix(let path): "The page: curl --unix-socket \(path) http://localhost/"
        case .internet("0.0.0.0", let port), .internet("::", let port): "The page: http://localhost:\(port)/"
        case .internet: "The page: http://\(address)/"
        }
    }

    /// The status by which a script or a service manager tells what to do (SPEC §6).
    private static func exitStatus(of error: ServerStartError) -> ExitStatus {
        switch error {
        case .queue(let cause, _): cause.isPermission || cause.isReadOnly ? .notPermitted : .cannotCreate
        case .held: .tryAgain
        case .newerJournal: .configuration
        case .journal(let cause): cause.isPermission || cause.isReadOnly ? .notPermitted : .cannotCreate
        case .access: .configuration
        case .address(let cause): cause.isPermission ? .notPermitted : .unavailable
        case .notPassed: .configuration
        case .system: .tryAgain
        }
    }
}
