internal import WSQueueArguments
internal import WSQueueBroker
internal import WSQueueOperation

extension Setting {
    /// What one client, one file or all together may take (SPEC §4).
    static let limits: [Setting] = [
        .bytes(
            "event-size", \.configuration.eventLimitBytes, default: "1M",
            text: "For larger events: the largest file of one."),
        .bytes(
            "batch-size", \.configuration.batchLimitBytes, default: "64M",
            text: "For larger batches: the largest file of one."),
        .bytes(
            "message-size", \.configuration.messageLimitBytes, default: "64K",
            text: "For clients that send more: their largest message. A longer one closes with 1009."),
        .integer(
            Option(
                key: "clients", value: "N", defaultValue: .value("0"),
                text: "To keep memory for other programs: clients at once. 0 is as many as the limit of open files "
                    + "gives."),
            in: 0...10_000_000, \.configuration.clientLimit),
        .integer(
            Option(
                key: "clients-per-address", value: "N", defaultValue: .value("0"),
                text:
                    "Against one that takes all places: clients of one IPv4 address or IPv6 /64 at once. 0 is no "
                    + "limit; behind a proxy see --trusted-proxy."),
            in: 0...10_000_000, \.configuration.clientsPerAddress),
        .integer(
            Option(
                key: "channels", value: "N", defaultValue: .value("128"),
                text: "For pages that listen to many: channels and patterns a client may listen to."),
            in: 1...65_536, \.configuration.channelLimit),
        Setting(
            Option(
                key: "messages-per-minute", value: "N", defaultValue: .value("60"),
                text:
                    "For clients that send much, as games do: messages a minute, pings and pongs apart. 0 is no "
                    + "limit. More are refused; who goes on, with as many again refused in a minute, is closed with "
                    + "4029.")
        ) { (text, settings) throws(ValueFault) in
            let rate = Int(try Quantity.parseInteger(text, in: 0...1_000_000))
            settings.configuration.messageRate = rate == 0 ? nil : RateRule(perMinute: rate)
        },
        Setting(
            Option(
                key: "frame-rate", value: "N", defaultValue: .value("100"),
                text: "Against clients that flood: messages and control frames a second on average, ten times as many "
                    + "at once. 0 is no limit; more closes with 4029.")
        ) { (text, settings) throws(ValueFault) in
            let rate = Int(try Quantity.parseInteger(text, in: 0...1_000_000))
            settings.configuration.frameRate = rate == 0 ? nil : RateRule(perSecond: rate, burst: 10 * rate)
        },
        .integer(
            Option(
                key: "backlog", value: "N", defaultValue: .value("4096"),
                text: "For many that come at the same moment: connections that wait to be accepted. The kernel's "
                    + "net.core.somaxconn may be less."),
            in: 1...65_535, \.configuration.backlog),
        .milliseconds(
            "handshake", from: 1, \.configuration.handshakeMilliseconds, default: "10s",
            text: "For slow networks: how long a client may take for its request, and to authenticate where a token is "
                + "needed."),
        // The loops look at their clients every 100 ms.
        .milliseconds(
            "ping", from: 200, \.configuration.pingMilliseconds, default: "25s",
            text: "Behind a proxy that cuts quiet connections sooner, often after 60s: the time between two pings."),
        .milliseconds(
            "pong", from: 100, \.configuration.pongMilliseconds, default: "10s",
            text: "To notice dead networks sooner, or forgive slow ones: how long a client may take to answer a ping."),
        .nanoseconds(
            "presence-grace", fromMilliseconds: 0, \.configuration.presence.graceNanoseconds, default: "15s",
            text: "So that a page's reload is no leaving: how long a user counts as being in a presence channel after "
                + "its last connection has gone."),
        .bytes(
            "behind-size", \.configuration.slowClients.limitBytes, default: "1M",
            text: "For large bursts to slow clients: how far one may be behind before it is closed."),
        .nanoseconds(
            "behind-age", fromMilliseconds: 100, \.configuration.slowClients.limitNanoseconds, default: "10s",
            text: "To forgive pauses: how old what a client is owed may become before it is closed as slow."),
    ]
}
