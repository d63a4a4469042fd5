internal import WSQueueArguments
internal import WSQueueNet
internal import WSQueueServer
internal import WSQueueSystem

/// Runs the program; every error ends here, because one that left `main` would be a trap.
func run() -> ExitStatus {
    do throws(ArgumentFault) {
        var words = try CommandLineWords.decode(Process.arguments())
        if words.count == 2, words[0] == "completion" { return try completion(words[1]) }
        if words.first == "run" { words.removeFirst() }
        let arguments = try ServerOptions.table.parse(words) { Process.environment($0) }
        if arguments.has(ServerOptions.help) {
            print(ServerOptions.table.help, terminator: "")
            return .success
        }
        if let section = arguments.value(ServerOptions.manual) {
            print(section == "7" ? FormatManual.page : ServerOptions.manualPage, terminator: "")
            return .success
        }
        if arguments.has(ServerOptions.version) {
            print("wsqueue-server \(Version.text)")
            return .success
        }
        if let operand = arguments.operands.first {
            complain("unexpected '\(operand)'; \(ServerOptions.table.hint)")
            return .usage
        }
        return serve(try ServerSettings(arguments))
    } catch {
        complain("\(error); \(ServerOptions.table.hint)")
        return error.exitStatus
    }
}

/// `wsqueue-server completion SHELL`.
func completion(_ name: String) throws(ArgumentFault) -> ExitStatus {
    do throws(ValueFault) {
        print(ServerOptions.table.completion(for: try Shell.parse(name)), terminator: "")
        return .success
    } catch {
        throw .badValue(error, option: "completion", isFromEnvironment: false)
    }
}

/// Serves until a signal comes, and says what the start failed of.
func serve(_ settings: ServerSettings) -> ExitStatus {
    do throws(SystemCallError) {
        // Before the log, whose thread inherits what is done with signals.
        return serve(settings, try Signals())
    } catch {
        complain("\(error)")
        return .tryAgain
    }
}

func serve(_ settings: ServerSettings, _ signals: consuming Signals) -> ExitStatus {
    let log: Log
    do throws(SystemCallError) {
        log = try Log(level: settings.logLevel, format: settings.logFormat, destination: settings.logDestination)
    } catch {
        complain("\(error)")
        return error.isPermission ? .notPermitted : .cannotCreate
    }
    defer { log.close() }
    do throws(Server.StartError) {
        var server = try Server(settings.configuration, log: log, signals: signals)
        try server.run()
        return .success
    } catch {
        log.write(
            LogLine(.error, "server.failed").with("error", error.description).with("hint", error.hint))
        return exitStatus(of: error)
    }
}

/// The status by which a script or a service manager tells what to do (SPEC §6).
func exitStatus(of error: Server.StartError) -> ExitStatus {
    switch error {
    case .queue(let cause, _): cause.isPermission || cause.isReadOnly ? .notPermitted : .cannotCreate
    case .held: .tryAgain
    case .journal(let cause): cause.isPermission || cause.isReadOnly ? .notPermitted : .cannotCreate
    case .access: .configuration
    case .address(let cause): cause.isPermission ? .notPermitted : .unavailable
    case .system: .tryAgain
    }
}

/// Writes one line to standard error.
func complain(_ text: String) {
    let line = Array("wsqueue-server: \(text)\n".utf8)
    try? Output.standardError().write(line.span)
}

Process.exit(run().rawValue)
