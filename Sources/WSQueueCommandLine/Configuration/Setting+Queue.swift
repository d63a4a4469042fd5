internal import WSQueueArguments
internal import WSQueueOperation

extension Setting {
    /// The queue, and the threads that serve it.
    static let queue: [Setting] = [
        .text(ServerOptions.directory, \.configuration.queuePath),
        .text(
            Option(
                key: "queue", value: "DIR", alias: ServerOptions.directory.name,
                text: "For who calls it so: the same as --dir."),
            \.configuration.queuePath),
        .milliseconds(
            "poll", from: 1, \.configuration.pollMilliseconds, default: "100ms",
            text: "For file systems that tell of nothing: how often the directory is looked at, whatever inotify "
                + "says."),
        .choice(
            "watch", ["auto": true, "poll": false], \.configuration.usesNotices, default: "auto",
            text: "Where inotify is not to be had: poll only looks. auto uses inotify for the wake-up."),
        .flag(
            Option(
                key: "hold-without-clients", value: nil, defaultValue: .value("no"),
                text: "For pages that cannot resume: keep the files while no client but tail and the page is there."),
            \.configuration.holdsWithoutClients),
        Setting(
            Option(
                key: "payload-key", value: "NAME", defaultValue: .value("payload"),
                text: "For pages that were written for another name: what clients find the payload under.")
        ) { (text, settings) throws(ValueFault) in
            // A reader takes the last of two members of one name.
            let taken = ["event", "timestamp", "id", "seq", "channel", "key"]
            guard !text.isEmpty, text.utf8.count <= 255, !taken.contains(text) else {
                throw ValueFault(text, wanted: "a name that no other member has: not \(taken.joined(separator: ", "))")
            }
            settings.configuration.payloadKey = text
        },
        .integer(
            Option(
                key: "threads", value: "N", defaultValue: .described("one a processor"),
                text: "On a machine with other work: how many event loops there are."),
            in: 1...256, \.configuration.threads),
        .milliseconds(
            "drain", from: 0, \.configuration.drainMilliseconds, default: "20s",
            text: "For slow clients at a restart: how long stopping may take."),
        .choice(
            "sandbox", ["on": true, "off": false], \.configuration.isShutIn, default: "on",
            text: "Where Landlock is in the way: off. on lets the server reach no other files than its own, and gain "
                + "no privileges; what holds is said at the start."),
        .milliseconds(
            "ready-age", from: 1, \.configuration.readyAgeMilliseconds, default: "60s",
            text: "For a load balancer that asks /ready: how old the oldest file that waits may be before it says "
                + "503."),
    ]

    /// The history.
    static let journal: [Setting] = [
        Setting(
            Option(
                key: "journal", value: "DIR|off", defaultValue: .described(".journal in the queue"),
                text: "For another disk than the queue's: where history is kept. From it returning clients get what "
                    + "they missed and a restarted server knows what it has sent. off keeps it and the state of keys in "
                    + "memory only: what nobody is there for is lost when the server ends.")
        ) { (text, settings) throws(ValueFault) in
            // A directory of such a name is hardly meant.
            let words = ["on", "yes", "no", "true", "false", "none", "null", "memory", "0", "1", "off", ""]
            guard text == "off" || !words.contains(text.lowercased()) else {
                throw ValueFault(text, wanted: "off, or a directory, which begins with / or ./ if it has such a name")
            }
            settings.configuration.journalPlace = text == "off" ? .off : .directory(text)
        },
        Setting(
            Option(
                key: "journal-events", value: "N|off", defaultValue: .value("off"),
                text: "To keep less than --journal-size and --journal-age would: how many events of history. Each "
                    + "takes about 50 bytes of memory. Off, 10000 are kept with --journal off and in Redis.")
        ) { (text, settings) throws(ValueFault) in
            settings.configuration.journalEvents =
                text == "off" ? nil : Int(try Quantity.parseInteger(text, in: 1...100_000_000))
        },
        Setting(
            Option(
                key: "journal-age", value: "DUR", defaultValue: .value("24h"),
                text: "For clients that are away longer: how old history may become.")
        ) { (text, settings) throws(ValueFault) in
            let seconds = try Quantity.parseDuration(text).components.seconds
            guard (1...3_153_600_000).contains(seconds) else { throw ValueFault(text, wanted: "a time of 1s or more") }
            settings.configuration.journalSeconds = Int(seconds)
        },
        Setting(
            Option(
                key: "journal-size", value: "SIZE", defaultValue: .value("64M"),
                text: "For more history, or a small disk: how large the journal's files may be together.")
        ) { (text, settings) throws(ValueFault) in
            let bytes = try Quantity.parseBytes(text)
            guard bytes >= 65_536 else { throw ValueFault(text, wanted: "a size of 64K or more") }
            settings.configuration.journalBytes = bytes
        },
        .integer(
            Option(
                key: "keys", value: "N", defaultValue: .value("10000"),
                text:
                    "For more states (--key): how many keys have one, each in each of its channels. The newest event "
                    + "of each is kept, however old. Events beyond that are sent and not kept."),
            in: 0...10_000_000, \.configuration.keyLimit),
        .bytes(
            "keys-size", \.configuration.keyBytes, default: "16M",
            text: "For larger states: how much memory the events may take that are the state of their keys."),
    ]
}
