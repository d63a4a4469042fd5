package import WSQueueArguments

extension Option {
    static let directory = Option(
        "dir", short: "d", value: .required("DIR"), environment: "WSQUEUE_DIR",
        text: "The queue directory, which must exist. Default: ./queue.")
    static let channel = Option(
        "channel", short: "c", value: .required("NAME"), isRepeatable: true, environment: "WSQUEUE_CHANNEL",
        text: "Send to the subscribers of this channel. Default: to every client.")
    static let user = Option(
        "user", short: "u", value: .required("ID"), isRepeatable: true, environment: "WSQUEUE_USER",
        text: "Send to the clients of this user only. Default: to all users.")
    static let except = Option(
        "except", short: "x", value: .required("CONNECTION"), environment: "WSQUEUE_EXCEPT",
        text: "Do not send to the connection with this id: the browser tab that caused the event.")
    static let key = Option(
        "key", short: "k", value: .required("KEY"),
        text:
            "The event is the state of this key in its channels, until another event has the same key or --clear ends "
            + "it. With --lines EVENT and --follow EVENT every line is, with --run both events are.")
    static let clear = Option(
        "clear", text: "The event ends the state of --key; those who listen get it as any other.")
    static let id = Option(
        "id", short: "i", value: .required("ID"), environment: "WSQUEUE_ID",
        text: "The event's id. While one with this id waits in the queue, or is in the server's journal, it is not "
            + "sent again, so a job that is repeated may publish again. Default: the name of the file.")
    static let timeToLive = Option(
        "ttl", value: .required("DURATION"), environment: "WSQUEUE_TTL",
        text: "Not to be sent later than this after now, or after --at, such as 30s or 1h30m. Default: never too late.")
    static let at = Option(
        "at", value: .required("TIME"), environment: "WSQUEUE_AT",
        text: "Not to be sent before this: '2026-11-21 18:00', 18:00 (the next one), 2026-11-21T18:00:00Z or "
            + "@1795284000; at most a year from now. Until then the event waits in the queue; --cancel takes it back.")
    static let after = Option(
        "in", value: .required("DURATION"), environment: "WSQUEUE_IN", text: "The same, counted from now, such as 10m.")
    static let json = Option(
        "json", short: "j", value: .required("JSON"), environment: "WSQUEUE_JSON",
        text: "The payload, as JSON. It is sent byte for byte.")
    static let text = Option(
        "text", short: "t", value: .required("TEXT"), environment: "WSQUEUE_TEXT", takesAnyText: true,
        text: "The payload, as text: a JSON string is made of it, with U+FFFD for what is no UTF-8.")
    static let file = Option(
        "file", short: "f", value: .required("FILE"), environment: "WSQUEUE_FILE",
        text: "Read the payload from FILE, as JSON; with --lines and --follow, the lines. - is standard input.")
    static let textFile = Option(
        "text-file", value: .required("NAME=FILE"), isRepeatable: true,
        text: "A field of the payload that is the text in FILE, with U+FFFD for what is no UTF-8; - is standard input.")
    static let jsonFile = Option(
        "json-file", value: .required("NAME=FILE"), isRepeatable: true,
        text: "A field of the payload that is the JSON in FILE, byte for byte; - is standard input.")
    /// The lines of standard input, as one batch.
    package static let lines = Option(
        "lines",
        text: "Publish every line of standard input as an event, all in one file, which is sent whole and in order. "
            + "With EVENT a line is a payload, without it a whole event. Blank lines are passed over; one wrong line, "
            + "and nothing is published.")
    static let textLines = Option(
        "text-lines", environment: "WSQUEUE_TEXT_LINES",
        text: "With --lines EVENT and --follow EVENT: the lines are text, such as those of a log, and JSON strings are "
            + "made of them, with U+FFFD for what is no UTF-8.")
    /// Lines as they come, without end.
    package static let follow = Option(
        "follow",
        text: "Publish the lines of standard input as they come, without end, a batch every so often. A wrong line is "
            + "told and passed over. Whoever writes the lines never waits for a server; what cannot be written, as on "
            + "a full disk, is tried again.")
    static let every = Option(
        "every", value: .required("DURATION"), environment: "WSQUEUE_EVERY",
        text: "The time between two batches of --follow; 0 is at once. Default: 100ms.")
    /// A command, with an event when it starts and one when it ends.
    package static let run = Option(
        "run",
        text: "Run the command behind --, and publish EVENT.started, and EVENT.finished with "
            + "{exit, signal, seconds, tail}, where tail is the end of what it wrote. Its output goes on to where it "
            + "went, signals go on to it, and the exit status is its own, also when nothing can be published.")
    static let wait = Option(
        "wait", short: "w", value: .optional("DURATION"), environment: "WSQUEUE_WAIT",
        text: "Wait until the server has sent the event: exit status 0. 75 when it still waits in the queue at the end "
            + "of that time, 69 when no server is there; then, too, it is queued, and not to be published again. "
            + "65 with a message that begins with \"queued\" when the server refused it. "
            + "Default: 5s.")
    /// One event that waits for `--release`.
    package static let hold = Option(
        "hold",
        text: "Write the event so that nobody sees it, and print its id: before the commit of a database.")
    /// Publishes what is held.
    package static let release = Option(
        "release", value: .required("ID"), text: "Publish what is held under this id, by one rename: after the commit.")
    /// Removes what is held.
    package static let abort = Option(
        "abort", value: .required("ID"), text: "Remove what is held under this id: after a rollback.")
    /// Takes back what waits for its time.
    package static let cancel = Option(
        "cancel", value: .required("ID"), text: "Take back what waits under this id for its time (--at, --in).")
    static let sync = Option(
        "sync", short: "s", value: .required("none|data|full"), environment: "WSQUEUE_SYNC",
        text: "What the event survives: none, the end of any process; data, a power cut, whole or not at all; full, "
            + "a power cut. data and full wait for the disk, about a millisecond. Default: none.")
    static let mode = Option(
        "mode", value: .required("OCTAL"), environment: "WSQUEUE_MODE",
        text: "The permission bits of the event file, whatever the umask is. The server must be able to read it. "
            + "Default: 0644.")
    static let dryRun = Option(
        "dry-run", short: "n", environment: "WSQUEUE_DRY_RUN",
        text: "Check everything, write what would be queued to standard output, queue nothing.")
    static let output = Option(
        "output", short: "o", value: .required("id|path|json|none"), environment: "WSQUEUE_OUTPUT",
        text: "Print the event's id, the file's path, both and more as json, or none. Default: none.")
    /// Not even errors are reported.
    package static let quiet = Option(
        "quiet", short: "q", environment: "WSQUEUE_QUIET", text: "Do not even say why it failed; the exit status tells."
    )
    static let verbose = Option(
        "verbose", short: "v", environment: "WSQUEUE_VERBOSE",
        text: "Say on standard error what was queued, and where, and how much of a text was no UTF-8.")
    /// Shows the help.
    package static let help = Option("help", short: "h", text: "Show this help.")
    /// Shows the version.
    package static let version = Option("version", short: "V", text: "Show the version.")
}

extension Option {
    /// Prints what teaches a shell the options.
    package static let completion = Option(
        "completion", value: .required("bash|zsh|fish"),
        text: "Print the completions for this shell: eval \"$(wsqueue-publish --completion bash)\".")
    /// Prints the manual page.
    package static let manual = Option("man", isHidden: true, text: "Print the manual page.")
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
                "[OPTION]... --run EVENT -- COMMAND [WORD]...",
                "[OPTION]... (--release | --abort | --cancel) ID",
            ],
            summary: "Puts an event into a queue directory, from where wsqueue-server sends it to its WebSocket "
                + "clients. No server need run: the event waits. Prints nothing when all is well, and reads standard "
                + "input only when told to.",
            options: [
                .directory, .channel, .user, .except, .key, .clear, .id, .timeToLive, .at, .after, .json, .text, .file,
                .textFile, .jsonFile, .lines, .follow, .every, .textLines, .run, .wait, .hold, .release, .abort,
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
                        "wsqueue-publish order.created id:=7 customer='Jane Doe' -c orders",
                        "wsqueue-publish -d /var/spool/wsqueue backup.done -t \"$(hostname)\" -i backup-1",
                        "mysql -BN -e 'SELECT json_object(...)' | wsqueue-publish --lines row.changed",
                        "tail -Fn0 app.log | wsqueue-publish --follow log.line --text-lines",
                        "wsqueue-publish --run backup -- /usr/local/bin/backup --all",
                        "wsqueue-publish -k job:42 job.progress percent:=57",
                        "wsqueue-publish -k job:42 --clear job.done",
                        "wsqueue-publish --in 10m -i tea tea.ready",
                    ]),
                .exitStatuses([
                    .success, .usage, .badData, .noInput, .unavailable, .bug, .cannotCreate, .inputOutput, .tryAgain,
                    .notPermitted, .configuration,
                ]),
            ])
    }
}
