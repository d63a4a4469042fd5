package import WSQueueArguments
package import WSQueueCommandLine
internal import WSQueueOperation
internal import WSQueueSystem

/// `wsqueue-server tail`: follows a server or its log.
package enum TailCommand: Command {
    private static let since = Option(
        "since", value: .required("WHEN"),
        text: "To see what came before, too: begin with what came since then. That is an age (10m, 24h), a time "
            + "(2026-11-21T08:00:00Z, @1795284000), all, latest, or behind a cursor or a number. What the journal no "
            + "longer has is said.")
    private static let state = Option(
        "state",
        text: "To see how things stand: begin with the newest event of each key, of what is followed; where the "
            + "journal no longer has what was missed, with those again of which that was so.")
    private static let events = Option(
        "events", short: "e", value: .required("GLOB"), isRepeatable: true,
        text: "To see only events whose name matches: 'order.*'. With --log, lines whose ev= does.")
    private static let channel = Option(
        "channel", short: "c", value: .required("NAME"), isRepeatable: true,
        text: "To see only events of this channel or pattern, and those without one: orders, 'chat.**'. Without it "
            + "those of all channels that this machine may hear are shown; of a server elsewhere those without a "
            + "channel.")
    private static let count = Option(
        "count", short: "n", value: .required("N"), text: "For scripts: end after so many events (default: never).")
    private static let format = Option(
        "format", value: .required("text|json|payload"),
        text: "For programs: json, the message as the server sends it, or payload, the payload alone. text (default) "
            + "has time, name, #channel, [key] and payload. A line an event.")
    private static let exec = Option(
        "exec", value: .required("CMD"),
        text: "To do something with each event: run CMD by sh -c for it, one after the other, with the message on its "
            + "standard input and WSQUEUE_EVENT, WSQUEUE_ID, WSQUEUE_SEQ, WSQUEUE_CHANNEL, WSQUEUE_TIMESTAMP and "
            + "WSQUEUE_CURSOR in its environment. One that fails is said. With --format, that is on its standard "
            + "input.")
    private static let cursorFile = Option(
        "cursor-file", value: .required("FILE"),
        text: "With --exec, to miss nothing at a restart: note in FILE how far CMD has come, and go on there. An event "
            + "is done when CMD exits with 0. With 65 it is set aside in FILE.failed/; with any other status CMD gets "
            + "it again, after 1s, 2s, 4s … 5m. CMD gets each event at least once, in order, whatever is killed when.")
    private static let onGap = Option(
        "on-gap", value: .required("stop|go"),
        text: "With --cursor-file, where the journal no longer has all that came after the cursor: stop (default) ends "
            + "with 66 before anything after it is done, go says it and goes on.")
    private static let log = Option(
        "log", value: .required("FILE"),
        text: "To read the log of a server: follow its file instead, from its end on, through rotation; it need not be "
            + "there yet.")

    package static let table = OptionTable.command(
        "tail", forms: ["[URL] [OPTION]...", "--log FILE [OPTION]..."],
        summary:
            "Shows events as they are sent: of this machine's server all, or those of the channels that are named. A "
            + "connection that is lost is made again and goes on where it was; what cannot be had any more is said on "
            + "standard error.",
        options: ServerCall.options + [since, state, events, channel, count, format, exec, cursorFile, onGap, log],
        sections: [
            OptionTable.Section(
                "Examples",
                [
                    "wsqueue-server tail -c orders -e 'order.*'",
                    "wsqueue-server tail --state -c jobs",
                    "wsqueue-server tail --since 10m --format json | jq .payload",
                    "wsqueue-server tail -n 1 -e deploy.finished && echo deployed",
                    "wsqueue-server tail --exec 'mail -s \"$WSQUEUE_EVENT\" root'",
                    "wsqueue-server tail -c orders --cursor-file orders.cursor --exec ./deliver-order",
                    "wsqueue-server tail --log /var/log/wsqueue.log -e 'client.*'",
                ]),
            OptionTable.Section(
                "Exit status",
                [
                    "0   as many events as wanted have come", "64  the command line is wrong",
                    "65  what is in --cursor-file is no cursor",
                    "66  with --cursor-file, the journal no longer has what comes next",
                    "69  no server answers; later on it is waited for",
                    "73  --cursor-file cannot be made",
                    "74  standard output cannot be written, or a command of --exec has failed",
                    "75  another process works with the same --cursor-file",
                    "77  the server wants a token, or another one, or with --cursor-file does not let all channels be",
                    "    heard; the log file or the cursor's file may not be read",
                ]),
        ])

    package static func run(_ arguments: ParsedArguments, in program: ProgramContext) throws -> ExitStatus {
        var output = TailOutput(program.terminal)
        output.command = arguments.value(exec)
        output.limit = try arguments.value(count) { (text) throws(ValueFault) in
            Int(try Quantity.parseInteger(text, in: 1...Int64.max))
        }
        let wanted = try arguments.value(format) { (text) throws(ValueFault) in
            guard let format = TailedEvent.Format(rawValue: text) else {
                throw ValueFault(text, wanted: "one of text, json, payload")
            }
            return format
        }
        output.format = wanted ?? .text
        output.input = wanted ?? .json
        let failures = try follow(arguments, output)
        return failures == 0 ? .success : .inputOutput
    }

    private static func follow(_ arguments: ParsedArguments, _ output: TailOutput) throws -> Int {
        if let path = arguments.value(log) {
            try arguments.refuseOperands()
            for option in [since, state, channel, format, cursorFile, onGap] where arguments.has(option) {
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
        source.wantsState = arguments.has(state)
        source.events = arguments.values(events)
        source.channels = arguments.values(channel)
        // A command runs for what it was made for.
        if source.channels.isEmpty, call.isOnThisMachine, !arguments.has(exec), !arguments.has(cursorFile) {
            source.channels = TailSource.allChannels
        }
        var output = output
        try keepCursor(arguments, &source, &output)
        var tail = Tail(source, output)
        do {
            return try tail.run()
        } catch let error as ServerCallError {
            throw CommandError(error)
        }
    }

    /// Goes on where the cursor's file says, and has each step noted there.
    private static func keepCursor(
        _ arguments: ParsedArguments, _ source: inout TailSource, _ output: inout TailOutput
    ) throws {
        let policy = try arguments.value(onGap) { (text) throws(ValueFault) in
            guard let policy = GapPolicy(rawValue: text) else { throw ValueFault(text, wanted: "stop or go") }
            return policy
        }
        guard let path = arguments.value(cursorFile) else {
            if policy != nil { throw ArgumentFault.other("--on-gap is for --cursor-file") }
            return
        }
        guard let command = output.command else {
            throw ArgumentFault.other("--cursor-file wants --exec: what has been done is known by the command's status")
        }
        let file = try CursorFile.open(path)
        source.onGap = policy ?? .stop
        source.isResumed = file.cursor != nil
        source.since = file.cursor ?? source.since
        output.consumer = Consumer(command, file) { [output] in output.report($0) }
    }
}
