internal import WSQueueArguments

/// The options of `wsqueue-server run`.
enum ServerOptions {
    static let directory = Option(
        "dir", short: "d", value: .required("DIR"), environment: "WSQUEUE_DIR",
        text: "The queue directory (default ./queue). It is created below a parent that exists.")
    static let queue = Option(
        "queue", value: .required("DIR"), environment: "WSQUEUE_QUEUE", text: "The same as --dir.")
    static let listen = Option(
        "listen", short: "l", value: .required("ADDR"), isRepeatable: true, environment: "WSQUEUE_LISTEN",
        text:
            "Where to listen: 127.0.0.1:8081 (default), [::1]:8081, unix:/run/wsqueue.sock; systemd: or systemd:NAME for "
            + "the sockets that a socket unit passes. Port 0 takes a free one.")
    static let host = Option(
        "host", value: .required("H"), environment: "WSQUEUE_HOST",
        text: "Short for --listen H:8081, or with --port for both.")
    static let port = Option(
        "port", short: "p", value: .required("N"), environment: "WSQUEUE_PORT",
        text: "Short for --listen 127.0.0.1:N, or with --host for both.")
    static let threads = Option(
        "threads", value: .required("N"), environment: "WSQUEUE_THREADS",
        text: "Event loops (default: one a processor).")
    static let poll = Option(
        "poll", value: .required("DUR"), environment: "WSQUEUE_POLL",
        text: "How often the directory is looked at whatever inotify says (default 100ms).")
    static let watch = Option(
        "watch", value: .required("auto|poll"), environment: "WSQUEUE_WATCH",
        text: "auto (default) uses inotify for the wake-up; poll only looks, for file systems that tell nothing.")
    static let hold = Option(
        "hold-without-clients", environment: "WSQUEUE_HOLD_WITHOUT_CLIENTS",
        text: "Keep the files while no client is connected, for pages that cannot resume.")
    static let payloadKey = Option(
        "payload-key", value: .required("NAME"), environment: "WSQUEUE_PAYLOAD_KEY",
        text: "What clients find the payload under (default payload).")
    static let path = Option(
        "path", value: .required("PATH"), environment: "WSQUEUE_PATH",
        text: "Accept WebSockets at this path only (default: at any).")
    static let origin = Option(
        "origin", value: .required("ORIGIN"), isRepeatable: true, environment: "WSQUEUE_ORIGIN",
        text: "A web page's origin that may connect besides the server's own, such as https://example.org; * is all.")
    static let secretFile = Option(
        "jwt-secret-file", value: .required("FILE"), environment: "WSQUEUE_JWT_SECRET_FILE",
        text:
            "The secrets that clients' tokens are signed with, one a line of at least 32 bytes, or base64:… (default: "
            + "no tokens); read again on HUP, after which the old ones count for 30 seconds.")
    static let algorithm = Option(
        "jwt-algorithm", value: .required("NAME"), isRepeatable: true, environment: "WSQUEUE_JWT_ALGORITHM",
        text: "How tokens may be signed: HS256, HS384 or HS512 (default: all three).")
    static let audience = Option(
        "jwt-audience", value: .required("NAME"), isRepeatable: true, environment: "WSQUEUE_JWT_AUDIENCE",
        text: "Whom tokens must be meant for (aud). Without it tokens with an aud are refused.")
    static let rules = Option(
        "rules", value: .required("FILE"), environment: "WSQUEUE_RULES",
        text: "Rules about who may listen to which channels and send into them, in JSON; read again on HUP.")
    static let authorizeURL = Option(
        "authorize-url", value: .required("URL"), environment: "WSQUEUE_AUTHORIZE_URL",
        text: "Where the application is asked about channels whose rule says ask: http://127.0.0.1:8000/authorize.")
    static let publishTokens = Option(
        "publish-token-file", value: .required("FILE"), environment: "WSQUEUE_PUBLISH_TOKEN_FILE",
        text: "Take events by POST /publish from those who know a token of this file, one a line of at least 16 bytes "
            + "(default: nobody); read again on HUP.")
    static let page = Option(
        "page", value: .required("on|off"), environment: "WSQUEUE_PAGE", text: "Whether / shows the live page (on).")
    static let eventSize = Option(
        "event-size", value: .required("SIZE"), environment: "WSQUEUE_EVENT_SIZE",
        text: "The largest event file (default 1M).")
    static let batchSize = Option(
        "batch-size", value: .required("SIZE"), environment: "WSQUEUE_BATCH_SIZE",
        text: "The largest batch file (default 64M).")
    static let messageSize = Option(
        "message-size", value: .required("SIZE"), environment: "WSQUEUE_MESSAGE_SIZE",
        text: "The largest message from a client (default 64K); a longer one closes with 1009.")
    static let clients = Option(
        "clients", value: .required("N"), environment: "WSQUEUE_CLIENTS",
        text: "Clients at once (default 0: as many as the limit of open files gives).")
    static let clientsPerAddress = Option(
        "clients-per-address", value: .required("N"), environment: "WSQUEUE_CLIENTS_PER_ADDRESS",
        text: "Clients of one IPv4 address or IPv6 /64 at once (default 0: no limit). Behind a proxy all have its own.")
    static let frameRate = Option(
        "frame-rate", value: .required("N"), environment: "WSQUEUE_FRAME_RATE",
        text: "Messages and control frames a client may send a second on average, ten times as many at once (default "
            + "100; 0: no limit); more closes with 4029.")
    static let messageRate = Option(
        "messages-per-minute", value: .required("N"), environment: "WSQUEUE_MESSAGES_PER_MINUTE",
        text:
            "Messages a client may send a minute, pings and pongs apart (default 60; 0: no limit). More are refused; who "
            + "goes on, with as many again refused in a minute, is closed with 4029.")
    static let channels = Option(
        "channels", value: .required("N"), environment: "WSQUEUE_CHANNELS",
        text: "Channels and patterns a client may listen to (default 128).")
    static let backlog = Option(
        "backlog", value: .required("N"), environment: "WSQUEUE_BACKLOG",
        text: "Connections that wait to be accepted (default 4096); the kernel's net.core.somaxconn may be less.")
    static let handshake = Option(
        "handshake", value: .required("DUR"), environment: "WSQUEUE_HANDSHAKE",
        text: "How long a client may take for its request (default 10s).")
    static let ping = Option(
        "ping", value: .required("DUR"), environment: "WSQUEUE_PING",
        text: "Time between two pings (default 25s); keep it below the idle timeout of proxies, often 60s.")
    static let pong = Option(
        "pong", value: .required("DUR"), environment: "WSQUEUE_PONG",
        text: "How long a client may take to answer a ping (default 10s).")
    static let presenceGrace = Option(
        "presence-grace", value: .required("DUR"), environment: "WSQUEUE_PRESENCE_GRACE",
        text: "How long a user counts as being in a presence. channel after its last connection has gone (default 15s)."
    )
    static let behindSize = Option(
        "behind-size", value: .required("SIZE"), environment: "WSQUEUE_BEHIND_SIZE",
        text: "How far a client may be behind (default 1M) before it is closed as slow.")
    static let behindAge = Option(
        "behind-age", value: .required("DUR"), environment: "WSQUEUE_BEHIND_AGE",
        text: "How old what a client is owed may become (default 10s) before it is closed as slow.")
    static let drain = Option(
        "drain", value: .required("DUR"), environment: "WSQUEUE_DRAIN",
        text: "How long stopping may take (default 20s).")
    static let journal = Option(
        "journal", value: .required("DIR|off"), environment: "WSQUEUE_JOURNAL",
        text: "Where history is kept, from which returning clients get what they missed and a restarted server knows "
            + "what it has sent (default: .journal in the queue). off keeps it in memory only: files wait for clients.")
    static let journalEvents = Option(
        "journal-events", value: .required("N"), environment: "WSQUEUE_JOURNAL_EVENTS",
        text: "How many events of history are kept (default 10000), about 50 bytes of memory each.")
    static let journalAge = Option(
        "journal-age", value: .required("DUR"), environment: "WSQUEUE_JOURNAL_AGE",
        text: "How old history may become (default 24h).")
    static let journalSize = Option(
        "journal-size", value: .required("SIZE"), environment: "WSQUEUE_JOURNAL_SIZE",
        text: "How large the journal's files may be together (default 64M).")
    static let logLevel = Option(
        "log-level", value: .required("LEVEL"), environment: "WSQUEUE_LOG_LEVEL",
        text: "error, warning, notice, info (default) or debug.")
    static let logFormat = Option(
        "log-format", value: .required("FORMAT"), environment: "WSQUEUE_LOG_FORMAT",
        text: "auto (default), text, json or journal; auto is journal when the system journal reads, else text.")
    static let logFile = Option(
        "log-file", value: .required("FILE"), environment: "WSQUEUE_LOG_FILE",
        text: "Append the log to a file (default: standard error); opened again on HUP.")
    static let logEvents = Option(
        "log-events", value: .required("all|sampled|off"), environment: "WSQUEUE_LOG_EVENTS",
        text: "A line an event; sampled (default) writes up to 50 a second and sums up the rest.")
    static let help = Option("help", short: "h", text: "Show this help.")
    static let manual = Option(
        "man", value: .required("7|8"), isHidden: true, text: "Print the manual page of this section.")
    static let version = Option("version", short: "V", text: "Show the version.")

    /// In the order of help.
    static let all = [
        directory, queue, listen, host, port, threads, poll, watch, hold, payloadKey, path, origin,
        secretFile, algorithm, audience, rules, authorizeURL, publishTokens, page,
        eventSize, batchSize, messageSize, clients, clientsPerAddress, channels, messageRate, frameRate,
        backlog, handshake, ping, pong, presenceGrace, behindSize, behindAge, drain,
        journal, journalEvents, journalAge, journalSize,
        logLevel, logFormat, logFile, logEvents, manual, help, version,
    ]
}
