internal import WSQueueArguments
internal import WSQueueBroker
internal import WSQueueOperation

extension Setting {
    /// What one client, one file or all together may take (SPEC §4).
    static let limits: [Setting] = [
        .bytes("event-size", \.configuration.eventLimitBytes, default: "1M", text: "The largest event file."),
        .bytes("batch-size", \.configuration.batchLimitBytes, default: "64M", text: "The largest batch file."),
        .bytes(
            "message-size", \.configuration.messageLimitBytes, default: "64K",
            text: "The largest message from a client; a longer one closes with 1009."),
        .integer(
            Option(
                key: "clients", value: "N", defaultValue: .value("0"),
                text: "Clients at once; 0 is as many as the limit of open files gives."),
            in: 0...10_000_000, \.configuration.clientLimit),
        .integer(
            Option(
                key: "clients-per-address", value: "N", defaultValue: .value("0"),
                text:
                    "Clients of one IPv4 address or IPv6 /64 at once; 0 is no limit. Behind a proxy see --trusted-proxy."
            ),
            in: 0...10_000_000, \.configuration.clientsPerAddress),
        .integer(
            Option(
                key: "channels", value: "N", defaultValue: .value("128"),
                text: "Channels and patterns a client may listen to."),
            in: 1...65_536, \.configuration.channelLimit),
        Setting(
            Option(
                key: "messages-per-minute", value: "N", defaultValue: .value("60"),
                text:
                    "Messages a client may send a minute, pings and pongs apart; 0 is no limit. More are refused; who "
                    + "goes on, with as many again refused in a minute, is closed with 4029.")
        ) { (text, settings) throws(ValueFault) in
            let rate = Int(try Quantity.parseInteger(text, in: 0...1_000_000))
            settings.configuration.messageRate = rate == 0 ? nil : RateRule(perMinute: rate)
        },
        Setting(
            Option(
                key: "frame-rate", value: "N", defaultValue: .value("100"),
                text: "Messages and control frames a client may send a second on average, ten times as many at once; "
                    + "0 is no limit; more closes with 4029.")
        ) { (text, settings) throws(ValueFault) in
            let rate = Int(try Quantity.parseInteger(text, in: 0...1_000_000))
            settings.configuration.frameRate = rate == 0 ? nil : RateRule(perSecond: rate, burst: 10 * rate)
        },
        .integer(
            Option(
                key: "backlog", value: "N", defaultValue: .value("4096"),
                text: "Connections that wait to be accepted; the kernel's net.core.somaxconn may be less."),
            in: 1...65_535, \.configuration.backlog),
        .milliseconds(
            "handshake", from: 1, \.configuration.handshakeMilliseconds, default: "10s",
            text: "How long a client may take for its request, and to authenticate where a token is needed."),
        // The loops look at their clients every 100 ms.
        .milliseconds(
            "ping", from: 200, \.configuration.pingMilliseconds, default: "25s",
            text: "Time between two pings; keep it below the idle timeout of proxies, often 60s."),
        .milliseconds(
            "pong", from: 100, \.configuration.pongMilliseconds, default: "10s",
            text: "How long a client may take to answer a ping."),
        .nanoseconds(
            "presence-grace", fromMilliseconds: 0, \.configuration.presence.graceNanoseconds, default: "15s",
            text: "How long a user counts as being in a presence. channel after its last connection has gone."),
        .bytes(
            "behind-size", \.configuration.slowClients.limitBytes, default: "1M",
            text: "How far a client may be behind before it is closed as slow."),
        .nanoseconds(
            "behind-age", fromMilliseconds: 100, \.configuration.slowClients.limitNanoseconds, default: "10s",
            text: "How old what a client is owed may become before it is closed as slow."),
    ]
}
