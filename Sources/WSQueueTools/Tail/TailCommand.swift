package import WSQueueArguments
internal import WSQueueOperation
internal import WSQueueSystem

/// `wsqueue-server tail`: follows a server or its log.
package enum TailCommand: Command {
    private static let since = Option(
        "since", value: .required("WHEN"),
        text: "Begin with what came since then: an age (10m, 24h), a time (2026-11-21T08:00:00Z, @1795284000), all, "
            + "latest, or behind a cursor or a number. What the journal no longer has is said.")
    private static let events = Option(
        "events", short: "e", value: .required("GLOB"), isRepeatable: true,
        text: "Only events whose name matches: 'order.*'. With --log, lines whose ev= does.")
    private static let channel = Option(
        "channel", short: "c", value: .required("NAME"), isRepeatable: true,
        text: "Events of this channel or pattern too: orders, 'chat.**'.")
    private static let count = Option(
        "count", short: "n", value: .required("N"), text: "End after so many events (default: never).")
    private static let format = Option(
        "format", value: .required("text|json|payload"),
        text:
            "text (default): time, name, #channel and payload; json: the message as the server sends it; payload: the "
            + "payload alone. A line an event.")
    private static let exec = Option(
        "exec", value: .required("CMD"),
        text: "Run CMD by sh -c for each event, one after the other, with the message on its standard input and "
            + "WSQUEUE_EVENT, WSQUEUE_ID, WSQUEUE_SEQ, WSQUEUE_CHANNEL, WSQUEUE_TIMESTAMP and WSQUEUE_CURSOR in its "
            + "environment. One that fails is said.")
    private static let log = Option(
        "log", value: .required("FILE"),
        text: "Follow a server's log file instead, from its end on, through rotation; it need not be there yet.")

    package static let table = OptionTable.command(
        "tail", forms: ["[URL] [OPTION]...", "--log FILE [OPTION]..."],
        summary: "Shows events as they are sent: those without a channel, and those of the channels that are named. A "
            + "connection that is lost is made again and goes on where it was; what cannot be had any more is said on "
            + "standard error.",
        options: ServerCall.options + [since, events, channel, count, format, exec, log],
        sections: [
            OptionTable.Section(
                "Examples",
                [
                    "wsqueue-server tail -c orders -e 'order.*'",
                    "wsqueue-server tail --since 10m --format json | jq .payload",
                    "wsqueue-server tail -n 1 -e deploy.finished && echo deployed",
                    "wsqueue-server tail --exec 'mail -s \"$WSQUEUE_EVENT\" root'",
                    "wsqueue-server tail --log /var/log/wsqueue.log -e 'client.*'",
                ]),
            OptionTable.Section(
                "Exit status",
                [
                    "0   as many events as wanted have come", "64  the command line is wrong",
                    "69  no server answers; later on it is waited for",
                    "74  standard output cannot be written, or a command of --exec has failed",
                    "77  the server wants a token, or another one; the log file may not be read",
                ]),
        ])

    package static func run(_ arguments: ParsedArguments, in program: ProgramContext) throws -> ExitStatus {
        var output = TailOutput(program.terminal)
        output.command = arguments.value(exec)
        output.limit = try arguments.value(count) { (text) throws(ValueFault) in
            Int(try Quantity.parseInteger(text, in: 1...Int64.max))
        }
        output.format =
            try arguments.value(format) { (text) throws(ValueFault) in
                guard let format = TailedEvent.Format(rawValue: text) else {
                    throw ValueFault(text, wanted: "one of text, json, payload")
                }
                return format
            } ?? .text
        let failures = try follow(arguments, output)
        return failures == 0 ? .success : .inputOutput
    }

    private static func follow(_ arguments: ParsedArguments, _ output: TailOutput) throws -> Int {
        if let path = arguments.value(log) {
            try arguments.refuseOperands()
            for option in [since, channel, format] where arguments.has(option) {
                throw ArgumentFault.other("--\(option.name) is for a server, and --log for a file")
            }
            var follower = LogFollower(path, events: arguments.values(events), output)
            return try follower.run()
        }
        let call = try ServerCall(arguments)
        var source = TailSource(call.location, token: call.token)
        source.since = try arguments.value(since) { (text) throws(ValueFault) in
            guard TailConversation.isBeginning(text) else {
                throw ValueFault(text, wanted: "an age such as 10m, a time, all, latest, a cursor, or a number")
            }
            return text
        }
        source.events = arguments.values(events)
        source.channels = arguments.values(channel)
        var tail = Tail(source, output)
        do {
            return try tail.run()
        } catch let error as ServerCallError {
            throw CommandError(error)
        }
    }
}
