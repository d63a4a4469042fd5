internal import WSQueueArguments
internal import WSQueueNet
internal import WSQueueSystem

/// What the command line asks for: one server, and scenarios one after the other on the same connections.
struct BenchRun {
    private let dialect: Dialect
    private let ports: [UInt16]
    private let publishPort: UInt16
    private let path: String
    private let directory: String?
    private let processes: [Int32]
    private let command: [String]
    private let log: String
    private let epoch: String?
    private let clients: Int
    private let others: Int
    private let events: Int
    private let rounds: Int
    private let every: Int
    private let idleSeconds: Int
    private let event: BenchEvent
    private let scenarios: [String]

    init(_ arguments: ParsedArguments) throws(ArgumentFault) {
        dialect =
            try arguments.value(BenchOptions.dialect) { (text) throws(ValueFault) in
                guard let dialect = Dialect(rawValue: text) else {
                    throw ValueFault(text, wanted: "one of spool, socket, nchan, nats, jetstream, mqtt")
                }
                return dialect
            } ?? .spool
        let subscriberPort = try Self.number(arguments, BenchOptions.port, 1...65_535) ?? 8_081
        let given = arguments.values(BenchOptions.port).compactMap { UInt16($0) }
        ports = given.isEmpty ? [UInt16(subscriberPort)] : given
        publishPort = UInt16(try Self.number(arguments, BenchOptions.publishPort, 1...65_535) ?? subscriberPort)
        let channel = arguments.value(BenchOptions.channel)
        path = arguments.value(BenchOptions.path) ?? channel.map { "/?channels=\($0)" } ?? "/"
        others = try Self.number(arguments, BenchOptions.others, 0...60_000) ?? 0
        directory = arguments.value(BenchOptions.directory)
        processes = arguments.values(BenchOptions.process).compactMap { Int32($0) }
        clients = try Self.number(arguments, BenchOptions.clients, 1...60_000) ?? 1_000
        events = try Self.number(arguments, BenchOptions.events, 1...10_000_000) ?? 1_000
        rounds = try Self.number(arguments, BenchOptions.rounds, 1...1_000) ?? 5
        every = try Self.number(arguments, BenchOptions.every, 1...1_000) ?? 1
        idleSeconds = try Self.number(arguments, BenchOptions.seconds, 1...3_600) ?? 3
        event = BenchEvent(
            payloadBytes: try Self.number(arguments, BenchOptions.payload, 32...60_000) ?? 200, channel: channel,
            spread: try Self.number(arguments, BenchOptions.spread, 1...10) ?? 1)
        log = arguments.value(BenchOptions.log) ?? "/dev/null"
        epoch = arguments.value(BenchOptions.epoch)
        let end = arguments.terminator ?? arguments.operands.count
        scenarios = Array(arguments.operands[..<end])
        command = Array(arguments.operands[end...])
        let known = [
            "files", "batch", "parts", "lockstep", "paced", "idle", "slow", "drain", "restart", "fill", "past", "live",
        ]
        if let unknown = scenarios.first(where: { !known.contains($0) }) { throw .other("no scenario '\(unknown)'") }
        if epoch == nil, scenarios.contains("restart") { throw .other("restart needs --epoch") }
    }

    func run() throws {
        let isDrain = scenarios == ["drain"]
        // Before the server, so that all of it waits when the server starts.
        if isDrain { try fillSpool() }
        let server =
            command.isEmpty
            ? ServerProcess(attachedTo: processes) : try ServerProcess(starting: command, log: log)
        defer { server.end() }
        for port in ports { try Self.awaitPort(port) }
        if !ports.contains(publishPort) { try Self.awaitPort(publishPort) }
        var measurement = Measurement(
            crowd: try Crowd(dialect: dialect, ports: ports, path: path, subject: event.channel ?? "bench"),
            source: try makeSource(), server: server, events: events, rounds: rounds, idleSeconds: Int64(idleSeconds))
        if others > 0 { try measurement.openOthers(others) }
        if Set(scenarios).isDisjoint(with: ["drain", "fill", "past"]) { try measurement.open(clients) }
        for scenario in scenarios { try run(scenario, &measurement) }
    }

    private func run(_ scenario: String, _ measurement: inout Measurement) throws {
        switch scenario {
        case "files": try measurement.burst("files") { try $0.prepare($1) }
        case "batch": try measurement.burst("batch") { try $0.prepareBatch($1) }
        case "lockstep": try measurement.lockstep()
        case "paced": try measurement.paced()
        case "idle": try measurement.idle()
        case "parts": try measurement.parts("parts", stopped: 0)
        case "slow": try measurement.parts("slow", stopped: max(1, clients / 10))
        case "fill": try measurement.fill()
        case "past": try measurement.past(clients, every: every)
        case "live": try measurement.live()
        case "restart": try measurement.restart(epoch: epoch ?? "")
        default: try measurement.drain(events)
        }
    }

    private func makeSource() throws(SystemCallError) -> EventSource {
        try EventSource(
            dialect: dialect, event: event, directory: dialect == .spool ? directory : nil, port: publishPort)
    }

    private func fillSpool() throws {
        var source = try makeSource()
        try source.prepare(events)
        _ = try source.publish()
    }

    /// Waits up to ten seconds until the server listens.
    private static func awaitPort(_ port: UInt16) throws(SystemCallError) {
        for attempt in 1... {
            do throws(SystemCallError) {
                return ClientSocket.abort(try ClientSocket.connect(port: port))
            } catch {
                guard attempt < 10_000 else { throw error }
                Clock.pause()
            }
        }
    }

    private static func number(
        _ arguments: ParsedArguments, _ option: Option, _ range: ClosedRange<Int64>
    ) throws(ArgumentFault) -> Int? {
        try arguments.value(option) { (text) throws(ValueFault) in Int(try Quantity.parseInteger(text, in: range)) }
    }
}
