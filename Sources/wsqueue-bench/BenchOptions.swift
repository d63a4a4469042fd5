internal import WSQueueArguments

/// The options of `wsqueue-bench`.
enum BenchOptions {
    static let dialect = Option(
        "dialect", value: .required("NAME"),
        text:
            "How the server is spoken to: spool (default; wsqueue and the floors), socket, nchan, nats, jetstream, mqtt."
    )
    static let port = Option(
        "port", short: "p", value: .required("N"), isRepeatable: true,
        text: "Where subscribers connect on 127.0.0.1; of several each gets its share.")
    static let path = Option("path", value: .required("PATH"), text: "What subscribers ask for (default /).")
    static let publishPort = Option(
        "publish-port", value: .required("N"), text: "Where events are published, for servers without a spool.")
    static let directory = Option("dir", short: "d", value: .required("DIR"), text: "The spool, best on /dev/shm.")
    static let process = Option(
        "pid", value: .required("N"), isRepeatable: true, text: "A process of a server that runs already.")
    static let clients = Option("clients", short: "c", value: .required("N"), text: "How many subscribers (1000).")
    static let channel = Option(
        "channel", value: .required("NAME"), text: "Events go to this channel, and the subscribers ask for it.")
    static let others = Option(
        "others", value: .required("N"), text: "Further clients, who listen to no channel and must get nothing (0).")
    static let events = Option("events", short: "n", value: .required("N"), text: "Events in a scenario (1000).")
    static let rounds = Option("rounds", value: .required("N"), text: "How often a burst is repeated (5).")
    static let spread = Option(
        "spread", value: .required("N"), text: "Events go in turn to N names, and channels: NAME.0 and so on (1).")
    static let every = Option(
        "every", value: .required("N"), text: "Who comes for the past must get each Nth event, the first too (1).")
    static let seconds = Option("seconds", value: .required("N"), text: "How long idle waits (3).")
    static let payload = Option("payload", value: .required("BYTES"), text: "The size of a payload (200).")
    static let log = Option(
        "log", value: .required("FILE"), text: "Where standard error of the server goes (default /dev/null).")
    static let epoch = Option(
        "epoch", value: .required("TEXT"), text: "The first part of the server's cursors, for the scenario restart.")
    static let help = Option("help", short: "h", text: "Show this text.")

    static let table = OptionTable(
        "wsqueue-bench", forms: ["[OPTION]... SCENARIO... [-- SERVER [ARGUMENT]...]"],
        summary: "Measures a server with many clients; every one checks that each event comes once and in order.",
        options: [
            dialect, port, path, publishPort, directory, process, clients, channel, others, events, rounds, spread,
            every,
            seconds, payload, log, epoch, help,
        ],
        sections: [
            .init(
                "Scenarios",
                [
                    "files     a burst of events, each a file; batch: the same as one .jsonl file",
                    "lockstep  an event when all clients have the one before",
                    "paced     20 events a second, with the time from the rename to each receipt",
                    "idle      some seconds of nothing",
                    "parts     a burst in batches of 1,000; slow: the same with a tenth of the clients reading no more",
                    "restart   1,000 events a second, while clients that are closed come back by cursor (wsqueue)",
                    "fill      events that nobody is there for",
                    "past      clients that come at once, each from an address of its own, for all events that fill has left",
                    "live      as paced, until standard input ends; each line there ends a part with its own figures",
                    "drain     all events wait as files before the server starts, and one client comes",
                ])
        ])
}
