internal import WSQueueArguments
internal import WSQueueNet
internal import WSQueueOperation
internal import WSQueueServer
internal import WSQueueSystem

let listen = Option(
    "listen", short: "l", value: .required("ADDR"),
    text: "Where to listen (default 127.0.0.1:9001). Port 0 takes a free one, which server.ready names.")
let help = Option("help", short: "h", text: "Show this help.")
let table = OptionTable(
    "wsqueue-echo", forms: ["[OPTION]..."],
    summary: "Sends every WebSocket message back, for conformance tests; the connections are wsqueue-server's.",
    options: [listen, help], sections: [OptionTable.Section.exitStatuses([.success, .usage, .unavailable])])

/// Runs the program; every error ends here, because one that left `main` would be a trap.
func run() -> ExitStatus {
    do throws(ArgumentFault) {
        let arguments = try table.parse(try CommandLineWords.decode(Process.arguments())) { Process.environment($0) }
        if arguments.has(help) {
            print(table.help, terminator: "")
            return .success
        }
        guard let address = Address.parse(arguments.value(listen) ?? "127.0.0.1:9001") else {
            complain("--listen wants an address like 127.0.0.1:9001")
            return .usage
        }
        return serve(address)
    } catch {
        complain("\(error); \(table.hint)")
        return error.exitStatus
    }
}

func serve(_ address: Address) -> ExitStatus {
    do throws(SystemCallError) {
        // Before the log, whose thread inherits what is done with signals.
        let signals = try Signals()
        let log = try Log(level: .notice, format: .text, destination: .standardError)
        defer { log.close() }
        var server = try EchoServer(address, log: log, signals: signals)
        server.run()
        return .success
    } catch {
        complain("\(error)")
        return .unavailable
    }
}

/// Writes one line to standard error.
func complain(_ text: String) {
    let line = Array("wsqueue-echo: \(text)\n".utf8)
    try? Output.standardError().write(line.span)
}

Process.exit(run().rawValue)
