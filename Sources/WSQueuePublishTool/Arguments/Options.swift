package import WSQueueArguments

extension Option {
    static let directory = Option(
        "dir", short: "d", value: .required("DIR"), environment: "WSQUEUE_DIR", isCommon: true,
        text: """
            For another queue than the usual one: its directory. It must exist. Default: ./queue where it is yours \
            or root's and a server is at work there, else /var/spool/wsqueue where that exists, else ./queue.
            """)
    static let channel = Option(
        "channel", short: "c", value: .required("NAME"), isRepeatable: true, environment: "WSQUEUE_CHANNEL",
        isCommon: true, text: "To reach only those who listen to this channel. Default: every client.")
    static let user = Option(
        "user", short: "u", value: .required("ID"), isRepeatable: true, environment: "WSQUEUE_USER",
        text: "To reach only the clients of this user. Default: all users.")
    static let except = Option(
        "except", short: "x", value: .required("CONNECTION"), environment: "WSQUEUE_EXCEPT",
        text: "To spare the browser tab that caused the event: the id of its connection.")
    static let key = Option(
        "key", short: "k", value: .required("KEY"), isCommon: true,
        text: """
            For a state that pages see when they open. It is the newest event of its key in its channels, until \
            another event has the key or --clear ends it. With --lines EVENT and --follow EVENT every line is, with \
            --run both events are.
            """)
    static let clear = Option(
        "clear", text: "To end the state of --key. Those who listen get the event as any other.")
    static let id = Option(
        "id", short: "i", value: .required("ID"), environment: "WSQUEUE_ID",
        text: """
            For a job that may be repeated: the event's id. While one with this id waits in the queue, or is in the \
            server's journal, it is not sent again. Default: the name of the file.
            """)
    static let timeToLive = Option(
        "ttl", value: .required("DURATION"), environment: "WSQUEUE_TTL",
        text: """
            For what is worth nothing later: not to be sent when so much time has gone since now, or since --at, \
            such as 30s or 1h30m. Default: never too late.
            """)
    static let at = Option(
        "at", value: .required("TIME"), environment: "WSQUEUE_AT",
        text: """
            To send it later, not before this time. '2026-11-21 18:00', 18:00 (the next one), 2026-11-21T18:00:00Z \
            or @1795284000; at most a year from now. Until then the event waits in the queue; --cancel takes it back.
            """)
    static let after = Option(
        "in", value: .required("DURATION"), environment: "WSQUEUE_IN",
        text: "To send it later, so long from now, such as 10m. The rest is as with --at.")
    static let json = Option(
        "json", short: "j", value: .required("JSON"), environment: "WSQUEUE_JSON", isCommon: true,
        text: "For any JSON as the payload, sent byte for byte.")
    static let text = Option(
        "text", short: "t", value: .required("TEXT"), environment: "WSQUEUE_TEXT", takesAnyText: true, isCommon: true,
        text: """
            For a text as the payload; - is standard input. A JSON string is made of it, with U+FFFD for what is no \
            UTF-8. Standard input may be of any size up to that of an event.
            """)
    static let file = Option(
        "file", short: "f", value: .required("FILE"), environment: "WSQUEUE_FILE", isCommon: true,
        text: """
            For JSON in a file as payload; - is standard input. With --lines it has the lines. With --follow, \
            what is added to FILE from now on, and to the next file of its name when it is rotated.
            """)
    static let textFile = Option(
        "text-file", value: .required("NAME=FILE"), isRepeatable: true,
        text: "For a field that is the text in FILE; - is standard input. What is no UTF-8 becomes U+FFFD.")
    static let jsonFile = Option(
        "json-file", value: .required("NAME=FILE"), isRepeatable: true,
        text: "For a field that is the JSON in FILE, byte for byte; - is standard input.")
    /// The lines of standard input, as one batch.
    package static let lines = Option(
        "lines", isCommon: true,
        text: """
            For many events at once: a line each, all or nothing. The lines come from standard input, or --file, and \
            are one file, which is sent whole and in order. With EVENT a line is a payload, without it a whole event. \
            Blank lines are passed over; one wrong line, and nothing is published.
            """)
    static let textLines = Option(
        "text-lines", environment: "WSQUEUE_TEXT_LINES",
        text: """
            With --lines EVENT and --follow EVENT, for lines of text, such as a log's. JSON strings are made of \
            them, with U+FFFD for what is no UTF-8.
            """)
    /// Lines as they come, without end.
    package static let follow = Option(
        "follow", isCommon: true,
        text: """
            For lines as they come, without end, in batches. A line is what it is with --lines; a wrong one is told \
            and passed over. Whoever writes the lines never waits for a server; what cannot be written, as on a full \
            disk, is tried again.
            """)
    static let chunks = Option(
        "chunks",
        text: """
            With --follow EVENT, for one text as it is written, such as by a language model. Each event is a piece \
            of it, with lines or without, cut between characters; put together they are the text.
            """)
    static let every = Option(
        "every", value: .required("DURATION"), environment: "WSQUEUE_EVERY",
        text:
            "For fewer and larger batches of --follow and --stream: the time between two; 0 is at once. Default: 100ms."
    )
    /// A command, with an event when it starts and one when it ends.
    package static let run = Option(
        "run", isCommon: true, completed: .command(after: 0),
        text: """
            To tell of a command: EVENT.started, EVENT.finished. It is run in between. The latter has {exit, signal, \
            seconds, tail}, where tail is the end of what it wrote; fields stand in both. Its output goes on to where \
            it went, signals go on to it, and the exit status is its own, also when nothing can be published.
            """)
    static let stream = Option(
        "stream",
        text: """
            With --run, to show what the command writes as it comes: EVENT.output with {stream, text}. stream is \
            stdout or stderr. Many commands write in blocks where no terminal is: stdbuf -oL helps.
            """)
    static let onlyFailures = Option(
        "only-failures",
        text: """
            With --run, for cron: nothing but EVENT.failed. It has what EVENT.finished says, and comes when the \
            command exits with another status than 0, is ended by a signal or cannot be started; behind -- chronic \
            keeps a good run's output from being mailed.
            """)
    static let wait = Option(
        "wait", short: "w", value: .optional("DURATION"), environment: "WSQUEUE_WAIT", isCommon: true,
        text: """
            To go on only when it has been sent: exit status 0. 75 when it still waits in the queue at the end of \
            that time, 69 when no server is there; then, too, it is queued, and not to be published again. 65 with a \
            message that begins with "queued" when the server refused it. With -v how long it took is said. \
            Default: 5s.
            """)
    /// One event that waits for `--release`.
    package static let hold = Option(
        "hold",
        text: "Before the commit of a database: write the event so that nobody sees it, and print its id.")
    /// Publishes what is held.
    package static let release = Option(
        "release", value: .required("ID"), completed: .held,
        text: "After the commit: publish what is held under this id, by one rename.")
    /// Removes what is held.
    package static let abort = Option(
        "abort", value: .required("ID"), completed: .held, text: "After a rollback: remove what is held under this id.")
    /// Takes back what waits for its time.
    package static let cancel = Option(
        "cancel", value: .required("ID"), completed: .scheduled,
        text: "To take back what waits under this id for its time (--at, --in).")
    static let sync = Option(
        "sync", short: "s", value: .required("none|data|full"), environment: "WSQUEUE_SYNC",
        text: """
            For what must survive a power cut: full, or data, which leaves it whole or not there. none survives the \
            end of any process. data and full wait for the disk, about a millisecond. Default: none.
            """)
    static let mode = Option(
        "mode", value: .required("OCTAL"), environment: "WSQUEUE_MODE",
        text: """
            For a server that reads as another user: the mode of the event file, whatever the umask is. The server \
            must be able to read it. Default: 0644.
            """)
    static let dryRun = Option(
        "dry-run", short: "n", environment: "WSQUEUE_DRY_RUN",
        text: "To see what would be queued: it is checked and printed, and nothing is queued.")
    static let output = Option(
        "output", short: "o", value: .required("id|path|json|none"), environment: "WSQUEUE_OUTPUT",
        text: "For scripts: print the event's id, the file's path, both and more as json, or none. Default: none.")
    /// Not even errors are reported.
    package static let quiet = Option(
        "quiet", short: "q", environment: "WSQUEUE_QUIET",
        text: "For scripts that look at the exit status: do not even say why it failed.")
    static let verbose = Option(
        "verbose", short: "v", environment: "WSQUEUE_VERBOSE", isCommon: true,
        text: "To see what was queued, and where, on standard error. And how much of a text was no UTF-8.")
    /// Shows the help.
    package static let help = Option(
        "help", short: "h", value: .optional("all"), text: "To see what is typed most, or all.")
    /// Shows the version.
    package static let version = Option("version", short: "V", text: "To report a fault: the version.")
}

extension Option {
    /// Prints what teaches a shell the options.
    package static let completion = Option(
        "completion", value: .required("bash|zsh|fish"),
        text: "For a shell that completes what is typed: eval \"$(wsqueue-publish --completion bash)\".")
    /// Prints the manual page.
    package static let manual = Option(
        "man", text: "Where no manual page is installed: wsqueue-publish --man | man -l -.")
}

extension OptionTable {
    /// The options of wsqueue-publish, and what help says of them.
    package static var publish: OptionTable {
        OptionTable(
            "wsqueue-publish",
            forms: [
                "[OPTION]... EVENT [FIELD]...",
                "[OPTION]... EVENT (-j JSON | -t TEXT | -f FILE | -)",
                "[OPTION]... --lines [EVENT]",
                "[OPTION]... --follow [EVENT]",
                "[OPTION]... --run EVENT [FIELD]... -- COMMAND [WORD]...",
                "[OPTION]... (--release | --abort | --cancel) ID",
            ],
            lines: [
                "wsqueue-publish announcement -t 'Lunch is ready'        # a text",
                "wsqueue-publish order.created id:=7 customer=Bob        # fields of an object",
                "wsqueue-publish -c orders order.created -j '{\"id\":7}'   # to a channel",
                "wsqueue-publish -k job:42 job.progress percent:=57      # a state",
                "wsqueue-publish --run backup -- /usr/local/bin/backup   # start and end",
            ],
            summary: """
                Puts an event into a queue directory, from where wsqueue-server sends it to its WebSocket clients. \
                No server need run: the event waits. Prints nothing when all is well, and reads standard input only \
                when told to.
                """,
            options: [
                .directory, .channel, .user, .except, .key, .clear, .id, .timeToLive, .at, .after, .json, .text, .file,
                .textFile, .jsonFile, .lines, .follow, .every, .textLines, .chunks, .run, .stream, .onlyFailures, .wait,
                .hold, .release, .abort,
                .cancel, .sync, .mode, .dryRun, .output, .quiet, .verbose, .completion, .manual, .help, .version,
            ],
            sections: [
                Section(
                    "Fields make the payload an object",
                    [
                        "name=string    a string, whatever it begins with",
                        "name:=json     any JSON: 7, true, null, [1,2], {\"a\":1}",
                        "A field never reads a file: --text-file and --json-file do. Behind -- no word",
                        "is an option, for names that come from somebody else.",
                    ]),
                Section(
                    "Examples",
                    [
                        "wsqueue-publish cache.cleared",
                        "wsqueue-publish order.created id:=7 customer='Bob Doe' -c orders",
                        "wsqueue-publish -d /var/spool/wsqueue backup.done -t \"$(hostname)\" -i backup-1",
                        "mysql -BN -e 'SELECT json_object(...)' | wsqueue-publish --lines row.changed",
                        "wsqueue-publish --follow log.line --text-lines -f /var/log/app.log",
                        "llm 'Why?' | wsqueue-publish -c chat.7 --follow answer.text --chunks",
                        "wsqueue-publish -k job:42 --clear job.done",
                        "wsqueue-publish --in 10m -i tea tea.ready",
                    ]),
                .exitStatuses([
                    .success, .usage, .badData, .noInput, .unavailable, .bug, .cannotCreate, .inputOutput, .tryAgain,
                    .notPermitted, .configuration,
                ]) { status in
                    switch status {
                    case .badData: "the event or its payload is not acceptable"
                    case .unavailable: "with --wait: no server holds the queue"
                    case .tryAgain: "something is short, try again; with --wait: it is still queued"
                    default: nil
                    }
                },
            ], synonyms: ["m": "-t", "message": "--text", "body": "--text", "data": "--json", "topic": "--channel"])
    }
}
