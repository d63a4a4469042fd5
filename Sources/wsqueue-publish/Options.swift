internal import WSQueueArguments

extension Option {
    static let directory = Option(
        "dir", short: "d", value: .required("DIR"), environment: "WSQUEUE_DIR",
        text: "The queue directory, which must exist. Default: ./queue.")
    static let channel = Option(
        "channel", short: "c", value: .required("NAME"), isRepeatable: true,
        text: "Send to the subscribers of this channel. Default: to every client.")
    static let user = Option(
        "user", short: "u", value: .required("ID"), isRepeatable: true,
        text: "Send to the clients of this user only. Default: to all users.")
    static let except = Option(
        "except", short: "x", value: .required("CONNECTION"),
        text: "Do not send to the connection with this id: the browser tab that caused the event.")
    static let id = Option(
        "id", short: "i", value: .required("ID"),
        text: "The event's id. Events with the same id are sent once, so a job that is repeated may publish again. "
            + "Default: the name of the file.")
    static let timeToLive = Option(
        "ttl", value: .required("DURATION"),
        text: "Not to be sent later than this after now, such as 30s or 1h30m. Default: never too late.")
    static let json = Option(
        "json", short: "j", value: .required("JSON"), text: "The payload, as JSON. It is sent byte for byte.")
    static let text = Option(
        "text", short: "t", value: .required("TEXT"), text: "The payload, as text: a JSON string is made of it.")
    static let file = Option(
        "file", short: "f", value: .required("FILE"),
        text: "Read the payload from FILE, as JSON; with --lines, the lines. - is standard input.")
    static let lines = Option(
        "lines",
        text: "Publish every line of standard input as an event, all in one file, which is sent whole and in order. "
            + "With EVENT a line is a payload, without it a whole event. Blank lines are passed over; one wrong line, "
            + "and nothing is published.")
    static let sync = Option(
        "sync", short: "s", value: .required("LEVEL"), environment: "WSQUEUE_SYNC",
        text: "What the event survives: none, the end of any process; data, a power cut, whole or not at all; full, "
            + "a power cut. data and full wait for the disk, about a millisecond. Default: none.")
    static let mode = Option(
        "mode", value: .required("OCTAL"), environment: "WSQUEUE_MODE",
        text: "The permission bits of the event file, whatever the umask is. The server must be able to read it. "
            + "Default: 0644.")
    static let dryRun = Option(
        "dry-run", short: "n", text: "Check everything, write what would be queued to standard output, queue nothing.")
    static let output = Option(
        "output", short: "o", value: .required("WHAT"),
        text: "Print the event's id, the file's path, both and more as json, or none. Default: none.")
    static let quiet = Option(
        "quiet", short: "q", text: "Do not even say why it failed; the exit status tells.")
    static let verbose = Option(
        "verbose", short: "v", text: "Say on standard error what was queued, and where.")
    static let help = Option("help", short: "h", text: "Show this help.")
    static let version = Option("version", short: "V", text: "Show the version.")
}

extension OptionTable {
    static var publish: OptionTable {
        OptionTable(
            "wsqueue-publish",
            forms: [
                "[OPTION]... EVENT [FIELD]...",
                "[OPTION]... EVENT (-j JSON | -t TEXT | -f FILE | -)",
                "[OPTION]... --lines [EVENT]",
            ],
            summary: "Puts an event into a queue directory, from where wsqueue-server sends it to its WebSocket "
                + "clients. No server need run: the event waits. Prints nothing when all is well, and reads standard "
                + "input only when told to.",
            options: [
                .directory, .channel, .user, .except, .id, .timeToLive, .json, .text, .file, .lines, .sync, .mode,
                .dryRun, .output, .quiet, .verbose, .help, .version,
            ],
            sections: [
                Section(
                    "Fields make the payload an object",
                    [
                        "name=string      name=@textfile     a string",
                        "name:=json       name:=@jsonfile    any JSON: 7, true, null, [1,2], {\"a\":1}",
                    ]),
                Section(
                    "Examples",
                    [
                        "wsqueue-publish cache.cleared",
                        "wsqueue-publish order.created id:=7 customer='Jane Doe' -c orders",
                        "wsqueue-publish -d /var/spool/wsqueue backup.done -t \"$(hostname)\" -i backup-1",
                        "mysql -BN -e 'SELECT json_object(...)' | wsqueue-publish --lines row.changed",
                    ]),
                .exitStatuses([
                    .success, .usage, .badData, .noInput, .bug, .cannotCreate, .inputOutput, .tryAgain, .notPermitted,
                    .configuration,
                ]),
            ])
    }
}
