internal import WSQueueAccess
internal import WSQueueConnections
internal import WSQueueNet
internal import WSQueueOperation
internal import WSQueueSession
internal import WSQueueWire

/// The log's lines about one client.
extension LogLine {
    /// A client has come.
    static func opened(_ number: Int64, _ address: Address, _ dialect: ClientDialect, user: String?) -> LogLine {
        let line = LogLine(.info, "client.open").with("conn", number).with("addr", address.description)
            .with("proto", dialect.name)
        return user.map { line.with("user", $0) } ?? line
    }

    /// A client does not take what it is owed.
    static func slow(_ connection: Connection, _ lag: (name: String, value: UInt64)?) -> LogLine {
        let line = LogLine(.warning, "client.slow").with("conn", connection.number)
            .with("addr", connection.line.address.description)
        return lag.map { line.with($0.name, $0.value) } ?? line
    }

    /// A client has gone.
    static func closed(_ connection: Connection, _ reason: Farewells.Reason, now: Int64) -> LogLine {
        var line = LogLine(.info, "client.close").with("conn", connection.number)
            .with("addr", connection.line.address.description).with("code", reason.code)
        if !reason.text.isEmpty { line = line.with("reason", reason.text) }
        return line.with("seconds", (now - connection.line.openedAt) / 1_000_000_000)
    }
}

/// Counts and writes down what happens in clients' conversations.
struct ClientNotes {
    private let counters: ClientCounters
    private let log: Log

    init(_ counters: ClientCounters, _ log: Log) {
        self.counters = counters
        self.log = log
    }

    func countMessage() { counters.messages.add() }

    /// A client is too slow.
    func tellSlow(_ connection: Connection, _ lag: (name: String, value: UInt64)?) { log.write(.slow(connection, lag)) }

    func tell(_ note: SessionNote, of connection: Connection) {
        let address = connection.line.address.description
        switch note {
        case .limited: counters.limited.add()
        case .flooded:
            counters.flooded.add()
            log.write(
                LogLine(.warning, "client.error").with("conn", connection.number).with("addr", address)
                    .with("code", CloseCode.rateLimited.rawValue).with("reason", "message rate"))
        case .tooManyChannels: counters.channels.add()
        case .became(let user):
            log.write(LogLine(.info, "client.user").with("conn", connection.number).with("user", user))
        case .refused(let error):
            counters.countAuthFailure(error.reason)
            log.write(
                LogLine(.warning, "auth.fail").with("conn", connection.number).with("addr", address)
                    .with("cause", error.reason))
        }
    }
}
