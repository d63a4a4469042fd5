internal import WSQueueArguments
internal import WSQueueOperation

extension Setting {
    /// The queue, and the threads that serve it.
    static let queue: [Setting] = [
        .text(ServerOptions.directory, \.configuration.queuePath),
        .text(
            Option(key: "queue", value: "DIR", alias: ServerOptions.directory.name, text: "The same as --dir."),
            \.configuration.queuePath),
        .milliseconds(
            "poll", from: 1, \.configuration.pollMilliseconds, default: "100ms",
            text: "How often the directory is looked at whatever inotify says."),
        .choice(
            "watch", ["auto": true, "poll": false], \.configuration.usesNotices, default: "auto",
            text: "auto uses inotify for the wake-up; poll only looks, for file systems that tell nothing."),
        .flag(
            Option(
                key: "hold-without-clients", value: nil, defaultValue: .value("no"),
                text: "Keep the files while no client is connected, for pages that cannot resume."),
            \.configuration.holdsWithoutClients),
        Setting(
            Option(
                key: "payload-key", value: "NAME", defaultValue: .value("payload"),
                text: "What clients find the payload under.")
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
                key: "threads", value: "N", defaultValue: .described("one a processor"), text: "Event loops."),
            in: 1...256, \.configuration.threads),
        .milliseconds(
            "drain", from: 0, \.configuration.drainMilliseconds, default: "20s", text: "How long stopping may take."),
        .choice(
            "sandbox", ["on": true, "off": false], \.configuration.isShutIn, default: "on",
            text:
                "on lets the server reach no other files than its own, and gain no privileges (Landlock); what holds is "
                + "said at the start."),
        .milliseconds(
            "ready-age", from: 1, \.configuration.readyAgeMilliseconds, default: "60s",
            text: "How old the oldest file that waits may be before /ready says 503."),
    ]

    /// The history.
    static let journal: [Setting] = [
        Setting(
            Option(
                key: "journal", value: "DIR|off", defaultValue: .described(".journal in the queue"),
                text: "Where history is kept, from which returning clients get what they missed and a restarted server "
                    + "knows what it has sent. off keeps it in memory only: files wait for clients.")
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
                text: "How many events of history are kept, where --journal-size and --journal-age would keep more; "
                    + "each takes about 50 bytes of memory. Off, 10000 are kept with --journal off and in Redis.")
        ) { (text, settings) throws(ValueFault) in
            settings.configuration.journalEvents =
                text == "off" ? nil : Int(try Quantity.parseInteger(text, in: 1...100_000_000))
        },
        Setting(
            Option(
                key: "journal-age", value: "DUR", defaultValue: .value("24h"),
                text: "How old history may become.")
        ) { (text, settings) throws(ValueFault) in
            let seconds = try Quantity.parseDuration(text).components.seconds
            guard (1...3_153_600_000).contains(seconds) else { throw ValueFault(text, wanted: "a time of 1s or more") }
            settings.configuration.journalSeconds = Int(seconds)
        },
        Setting(
            Option(
                key: "journal-size", value: "SIZE", defaultValue: .value("64M"),
                text: "How large the journal's files may be together.")
        ) { (text, settings) throws(ValueFault) in
            let bytes = try Quantity.parseBytes(text)
            guard bytes >= 65_536 else { throw ValueFault(text, wanted: "a size of 64K or more") }
            settings.configuration.journalBytes = bytes
        },
        .integer(
            Option(
                key: "keys", value: "N", defaultValue: .value("10000"),
                text:
                    "How many keys have a state, each in each of its channels: the newest event of each is kept, "
                    + "however old. Events beyond that are sent and not kept."),
            in: 0...10_000_000, \.configuration.keyLimit),
        .bytes(
            "keys-size", \.configuration.keyBytes, default: "16M",
            text: "How much memory the events may take that are the state of their keys."),
    ]
}
