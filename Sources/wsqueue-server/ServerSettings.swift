internal import WSQueueArguments
internal import WSQueueBroker
internal import WSQueueNet
internal import WSQueueServer
internal import WSQueueSystem
internal import WSQueueWire

/// What the command line says, as the server takes it.
struct ServerSettings {
    let configuration: Configuration
    let logLevel: LogLevel
    let logFormat: LogLine.Format
    let logDestination: Log.Destination

    init(_ arguments: ParsedArguments) throws(ArgumentFault) {
        configuration = try Self.configuration(arguments)
        logLevel =
            try arguments.value(ServerOptions.logLevel) { (text) throws(ValueFault) in
                guard let level = LogLevel.allCases.first(where: { $0.name == text }) else {
                    throw ValueFault(text, wanted: "one of error, warning, notice, info, debug")
                }
                return level
            } ?? .info
        logFormat = try Self.logFormat(arguments)
        logDestination = arguments.value(ServerOptions.logFile).map { .file($0) } ?? .standardError
    }

    private static func configuration(_ arguments: ParsedArguments) throws(ArgumentFault) -> Configuration {
        var result = Configuration()
        result.queuePath = arguments.value(ServerOptions.directory) ?? arguments.value(ServerOptions.queue) ?? "queue"
        (result.addresses, result.passedSockets) = try addresses(arguments)
        result.prefersPassedSockets = ![ServerOptions.listen, ServerOptions.host, ServerOptions.port]
            .contains { arguments.value($0) != nil }
        result.threads = try integer(arguments, ServerOptions.threads, 1...256) ?? Processors.count
        result.pollMilliseconds = try milliseconds(arguments, ServerOptions.poll, 1) ?? result.pollMilliseconds
        result.usesNotices = try choice(arguments, ServerOptions.watch, ["auto": true, "poll": false]) ?? true
        result.showsPage = try choice(arguments, ServerOptions.page, ["on": true, "off": false]) ?? true
        result.holdsWithoutClients = arguments.has(ServerOptions.hold)
        result.payloadKey = arguments.value(ServerOptions.payloadKey) ?? result.payloadKey
        result.path = arguments.value(ServerOptions.path)
        result.origins = arguments.values(ServerOptions.origin)
        result.eventLimitBytes = try bytes(arguments, ServerOptions.eventSize) ?? result.eventLimitBytes
        result.batchLimitBytes = try bytes(arguments, ServerOptions.batchSize) ?? result.batchLimitBytes
        result.messageLimitBytes = try bytes(arguments, ServerOptions.messageSize) ?? result.messageLimitBytes
        result.clientLimit = try integer(arguments, ServerOptions.clients, 0...10_000_000) ?? 0
        result.clientsPerAddress = try integer(arguments, ServerOptions.clientsPerAddress, 0...10_000_000) ?? 0
        result.channelLimit = try integer(arguments, ServerOptions.channels, 1...65_536) ?? result.channelLimit
        if let rate = try integer(arguments, ServerOptions.messageRate, 0...1_000_000) {
            result.messageRate = rate == 0 ? nil : RateRule(perMinute: rate)
        }
        if let rate = try integer(arguments, ServerOptions.frameRate, 0...1_000_000) {
            result.frameRate = rate == 0 ? nil : RateRule(perSecond: rate, burst: 10 * rate)
        }
        result.backlog = try integer(arguments, ServerOptions.backlog, 1...65_535) ?? result.backlog
        result.handshakeMilliseconds =
            try milliseconds(arguments, ServerOptions.handshake, 1) ?? result.handshakeMilliseconds
        // The loops look at their clients every 100 ms.
        result.pingMilliseconds = try milliseconds(arguments, ServerOptions.ping, 200) ?? result.pingMilliseconds
        result.pongMilliseconds = try milliseconds(arguments, ServerOptions.pong, 100) ?? result.pongMilliseconds
        result.slowClients.limitBytes = try bytes(arguments, ServerOptions.behindSize) ?? result.slowClients.limitBytes
        if let age = try milliseconds(arguments, ServerOptions.behindAge, 100) {
            result.slowClients.limitNanoseconds = Int64(age) * 1_000_000
        }
        if let grace = try milliseconds(arguments, ServerOptions.presenceGrace, 0) {
            result.presence.graceNanoseconds = Int64(grace) * 1_000_000
        }
        try Self.readJournal(arguments, &result)
        try Self.readAccess(arguments, &result)
        result.drainMilliseconds = try milliseconds(arguments, ServerOptions.drain, 0) ?? result.drainMilliseconds
        result.eventLines =
            try choice(arguments, ServerOptions.logEvents, ["all": .all, "sampled": .sampled, "off": .off])
            ?? .sampled
        return result
    }

    private static func readJournal(
        _ arguments: ParsedArguments, _ result: inout Configuration
    ) throws(ArgumentFault) {
        if let place = arguments.value(ServerOptions.journal) {
            result.journalPlace = place == "off" ? .off : .directory(place)
        }
        result.journalEvents =
            try integer(arguments, ServerOptions.journalEvents, 1...100_000_000) ?? result.journalEvents
        result.journalBytes =
            try arguments.value(ServerOptions.journalSize) { (text) throws(ValueFault) in
                let bytes = try Quantity.parseBytes(text)
                guard bytes >= 65_536 else { throw ValueFault(text, wanted: "a size of 64K or more") }
                return bytes
            } ?? result.journalBytes
        result.journalSeconds =
            try arguments.value(ServerOptions.journalAge) { (text) throws(ValueFault) in
                let seconds = try Quantity.parseDuration(text).components.seconds
                guard (1...3_153_600_000).contains(seconds) else {
                    throw ValueFault(text, wanted: "a time of 1s or more")
                }
                return Int(seconds)
            } ?? result.journalSeconds
    }

    private static func readAccess(
        _ arguments: ParsedArguments, _ result: inout Configuration
    ) throws(ArgumentFault) {
        result.tokenSecretPath = arguments.value(ServerOptions.secretFile)
        result.tokenAudiences = arguments.values(ServerOptions.audience)
        result.publishTokenPath = arguments.value(ServerOptions.publishTokens)
        result.rulesPath = arguments.value(ServerOptions.rules)
        let names = arguments.values(ServerOptions.algorithm)
        if !names.isEmpty { result.tokenAlgorithms = [] }
        for name in names {
            guard let algorithm = TokenAlgorithm(rawValue: name) else {
                throw .badValue(
                    ValueFault(name, wanted: "one of HS256, HS384, HS512"), option: "--jwt-algorithm",
                    isFromEnvironment: false)
            }
            result.tokenAlgorithms.insert(algorithm)
        }
        result.authorizeURL = try arguments.value(ServerOptions.authorizeURL) { (text) throws(ValueFault) in
            guard let location = HTTPLocation(text) else {
                throw ValueFault(text, wanted: "a URL like http://127.0.0.1:8000/authorize; https needs a proxy here")
            }
            return location
        }
    }

    private static func addresses(
        _ arguments: ParsedArguments
    ) throws(ArgumentFault) -> (own: [Address], passed: [String]) {
        var texts = arguments.values(ServerOptions.listen)
        let host = arguments.value(ServerOptions.host)
        let port = arguments.value(ServerOptions.port)
        if host != nil || port != nil || texts.isEmpty {
            let named = host ?? "127.0.0.1"
            texts.append("\(named.contains(":") && !named.hasPrefix("[") ? "[\(named)]" : named):\(port ?? "8081")")
        }
        var addresses: [Address] = []
        var passed: [String] = []
        for text in texts {
            if text.hasPrefix("systemd:") {
                passed.append(String(text.dropFirst(8)))
                continue
            }
            guard let address = Address.parse(text) else {
                throw .badValue(
                    ValueFault(text, wanted: "an address like 127.0.0.1:8081, [::1]:8081, unix:/path or systemd:"),
                    option: "--listen", isFromEnvironment: false)
            }
            addresses.append(address)
        }
        return (addresses, passed)
    }

    private static func logFormat(_ arguments: ParsedArguments) throws(ArgumentFault) -> LogLine.Format {
        let formats: [String: LogLine.Format?] = ["auto": nil, "text": .text, "json": .json, "journal": .journal]
        let chosen = try choice(arguments, ServerOptions.logFormat, formats) ?? nil
        // systemd sets JOURNAL_STREAM for a service whose standard error is read by the journal (systemd.exec(5)).
        let isJournal = Process.environment("JOURNAL_STREAM") != nil && !arguments.has(ServerOptions.logFile)
        return chosen ?? (isJournal ? .journal : .text)
    }

    private static func choice<Result>(
        _ arguments: ParsedArguments, _ option: Option, _ choices: [String: Result]
    ) throws(ArgumentFault) -> Result? {
        try arguments.value(option) { (text) throws(ValueFault) in
            guard let choice = choices[text] else {
                throw ValueFault(text, wanted: "one of \(choices.keys.sorted().joined(separator: ", "))")
            }
            return choice
        }
    }

    private static func integer(
        _ arguments: ParsedArguments, _ option: Option, _ range: ClosedRange<Int64>
    ) throws(ArgumentFault) -> Int? {
        try arguments.value(option) { (text) throws(ValueFault) in
            Int(try Quantity.parseInteger(text, in: range))
        }
    }

    private static func bytes(_ arguments: ParsedArguments, _ option: Option) throws(ArgumentFault) -> Int? {
        try arguments.value(option) { (text) throws(ValueFault) in
            let bytes = try Quantity.parseBytes(text)
            guard (1...(1 << 30)).contains(bytes) else { throw ValueFault(text, wanted: "a size from 1 to 1G") }
            return bytes
        }
    }

    private static func milliseconds(
        _ arguments: ParsedArguments, _ option: Option, _ least: Int
    ) throws(ArgumentFault) -> Int? {
        try arguments.value(option) { (text) throws(ValueFault) in
            let (seconds, attoseconds) = try Quantity.parseDuration(text).components
            let milliseconds = seconds * 1_000 + attoseconds / 1_000_000_000_000_000
            guard milliseconds >= Int64(least), milliseconds <= 86_400_000 else {
                throw ValueFault(text, wanted: "a time from \(least)ms to 24h")
            }
            return Int(milliseconds)
        }
    }
}
