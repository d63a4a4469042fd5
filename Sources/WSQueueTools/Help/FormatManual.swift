internal import WSQueueArguments

/// wsqueue(7): what a queue directory and an event file are, for those who write them without our programs.
enum FormatManual {
    static var page: String {
        OptionTable(
            "wsqueue", forms: [],
            summary: "A file-queue bridge to WebSockets. A script drops a small JSON file into a directory; "
                + "wsqueue-server sends it to every WebSocket client that should have it, and deletes it. Renaming a "
                + "file into the directory is the publish call, and its deletion is the acknowledgement. With the "
                + "server down, publishing works and the files wait.",
            options: [],
            sections: [
                Section(
                    "Publishing",
                    [
                        "1. Write the event under a name in the queue directory that begins with a dot, such as "
                            + ".NAME.tmp. It must be the same directory: a rename between file systems is none.",
                        "2. Give it a mode that the server can read (0644), whatever the umask is.",
                        "3. fdatasync(2) it, if it is to survive a power cut.",
                        "4. rename(2) it to NAME.json. It is published, whole, from that moment.",
                        "5. fsync(2) the directory, if the name is to survive a power cut too.",
                        "Check what every call returns, and remove the hidden file when one fails.",
                    ], isProse: true),
                Section(
                    "Names",
                    [
                        "NAME.json                             one event",
                        "NAME.jsonl                            a batch: an event a line, all or none",
                        "at-NAME.json, at-NAME.jsonl           the same, not to be sent before its time",
                        ".NAME.json.tmp                        being written; swept after an hour if nobody writes",
                        ".held-NAME.RANDOM.json                held back until it is renamed; never swept",
                        ".failed/                              what could not be accepted, each with FILE.why",
                        ".journal/                             the history, for clients that come back",
                        ".lock                                 locked by the server that owns the queue, for it alone",
                        ".server                               a FIFO: who can open it for writing has a server",
                        ".address                              the server's pid, and where it listens",
                        ".control                              a socket by which its own user and root command it",
                        ".foreign-NAME-RANDOM                  what somebody put where one of the server's belongs",
                    ]),
                Section(
                    "Order",
                    [
                        "Events are sent by the time in their names, then by the rest of the name. Our publishers "
                            + "write <nanoseconds, 19 digits>-<pid>-<counter>-<random>, or id-<id> for an event with "
                            + "an id of its own, with every byte but A-Z a-z 0-9 . _ - : @ + = , as % and two digits. "
                            + "Any other number at the front (seconds with a fraction, or milliseconds, microseconds or "
                            + "nanoseconds, told apart by the number of digits) is a time where no letter follows it "
                            + "and it is within a year of the file's mtime. All other names have the mtime; of one "
                            + "mtime the file that was finished first comes first.",
                        "A file whose name begins with at- waits in the queue until that time; without one in the "
                            + "name until the event's timestamp, where that is after the mtime; a year after the mtime "
                            + "at most. Of other files a time that lies ahead is only a clock that is: they are sent "
                            + "at once.",
                    ], isProse: true),
                Section(
                    "Event",
                    [
                        "event        1 to 255 bytes of UTF-8 without control characters; required",
                        "payload      any JSON, null by default; its bytes reach the clients as they are",
                        "data         the same, where there is no payload",
                        "timestamp    Unix seconds, or milli-, micro- or nanoseconds as its size says; clients get",
                        "             seconds; by default the time of the name",
                        "queued_at    the same with a fraction, for latency figures",
                        "id           what tells it apart; an event of an id that was sent is not sent again",
                        "channels     a list of names; channel, one name; without, every client",
                        "key          the state that it is, 1 to 255 bytes, passed on to clients; not together with",
                        "             recipients, except and except_users",
                        "clear        true: it ends the state of its key",
                        "recipients   a list of user ids, numbers or strings; at most 1024",
                        "except       the ids of connections that shall not get it, one or a list",
                        "except_users the ids of users that shall not get it, one or a list",
                        "expires_at   a time as timestamp; past it the event is not sent",
                        "traceparent  a trace context (W3C)",
                        "Other members are ignored, but a slip such as chanel is refused.",
                    ]),
                .exitStatuses(ExitStatus.allCases),
            ]
        ).manual(section: 7, related: ["wsqueue-publish(1)", "wsqueue-server(8)", "rename(2)"])
    }

    private typealias Section = OptionTable.Section
}
