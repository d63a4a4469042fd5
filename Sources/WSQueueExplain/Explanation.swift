internal import WSQueueCore
internal import WSQueueLog
internal import WSQueueOperation
internal import WSQueueSpool
internal import WSQueueSystem

/// What became of an event, for a person: a word, and beside it what there is to say.
struct Explanation {
    private let unix: Int64
    private let queuePath: String
    private var lines: [String] = []

    /// So many events of one name are told one by one.
    private static let limit = 5

    init(unix: Int64, queuePath: String) {
        self.unix = unix
        self.queuePath = queuePath
    }

    /// The text; whatever comes from elsewhere is made harmless for a terminal.
    var text: String { lines.map { "\($0)\n" }.joined() }
    var isEmpty: Bool { lines.isEmpty }

    /// Tells what a file waits for.
    mutating func add(_ file: FoundFile, waitsFor reasons: [WaitReason], _ server: ServerView) {
        guard let first = reasons.first else { return }
        let word =
            switch first {
            case .duplicate: "duplicate"
            case .expired: "expired"
            default: "waits"
            }
        add(word, "\(shown(file)): \(text(first, server))")
        for reason in reasons.dropFirst() { add("", text(reason, server)) }
        for reason in server.troubles { add("", "the server is not ready: \(reason)") }
        addFile(file)
    }

    /// Tells why a file was set aside.
    mutating func add(refused file: FoundFile) {
        let reason = file.reason ?? ""
        add("refused", "\(shown(file)): \(reason.isEmpty ? "no one knows why" : reason)")
        addFile(file)
        let words = "-d \(TerminalText.shellWord(queuePath)) \(TerminalText.shellWord(file.item.pathBytes))"
        add("", "mended, it goes again by: wsqueue-server queue requeue \(words)")
    }

    /// Tells of a file that no server takes for an event.
    mutating func add(leftAlone name: String) {
        add("left alone", "\(name): no file of a queue has such a name; publishers end it with .json or .jsonl")
    }

    /// Tells what the journal knows.
    ///
    /// - Parameter clients: To how many clients an event went, where that is known.
    mutating func add(_ look: JournalLook, clients: (UInt64) -> Int?) {
        let events = look.events
        let told = events.count > Self.limit ? [events[0]] + events.suffix(Self.limit - 1) : events
        if look.count > told.count {
            add("sent", "\(look.count) events of that name; the oldest that is known, and the newest:")
        }
        for event in told {
            guard event.isSent else {
                add("duplicate", "number \(event.seq) was given to it where it was known already; no one was sent that")
                continue
            }
            var title = event.name
            if let key = event.key { title += " [\(key)]" }
            add("sent", "\(title) as number \(event.seq), cursor \(event.epoch):\(event.seq)")
            add("", time(event.unixNanoseconds))
            var audience = event.recipients.map { "\($0) \($0 == 1 ? "user" : "users")" } ?? "all"
            if !event.channels.isEmpty { audience += " in \(event.channels.joined(separator: ", "))" }
            if event.isExcepting { audience += " but some" }
            let count = clients(event.seq).map { "; \($0) \($0 == 1 ? "client" : "clients") got it" } ?? ""
            add("", "for \(audience)\(count)")
            if event.isStateOnly {
                add("", "trimmed from the history since; it is still the state of its key")
            } else {
                add("", "published by \(event.publisher ?? "someone whom no one can tell")")
            }
            add("", "id \(String(decoding: event.id, as: UTF8.self))")
        }
        for name in look.extent.damaged { add("", "\(name) is damaged: what was in it is not known") }
    }

    /// Tells what was not sent, as the log says.
    mutating func add(_ leftOut: LoggedEvents.LeftOut, in path: String) {
        let text =
            leftOut.isExpired ? "it was too late to send it" : "it came again, and was not sent again"
        add(leftOut.isExpired ? "expired" : "duplicate", "\(text): \(leftOut.time), as \(path) says")
    }

    /// Tells why nothing is known.
    mutating func add(nothing word: EventWord, _ extent: JournalArchive.Extent?, hasJournal: Bool) {
        guard hasJournal, let extent else {
            add("not here", "and there is no journal that would know what was sent")
            return add("", "where the server has one elsewhere, --journal DIR or its --config names it")
        }
        guard let oldest = extent.oldestUnixNanoseconds else {
            return add("not here", "and the journal has no events; the last was number \(extent.lastSeq)")
        }
        let numbers = "\(extent.precedingSeq + 1) to \(extent.lastSeq)"
        let range = "the journal reaches from number \(numbers), since \(time(oldest))"
        guard let published = word.publishedNanoseconds else { return add("not here", range) }
        add("not here", range)
        if published < oldest {
            add("", "its name is of \(time(published)), which is older: it may have been sent, and trimmed")
        } else {
            add("", "its name is of \(time(published)): since then it was not sent; it has expired, or was never here")
        }
    }

    private mutating func add(_ word: String, _ text: String) {
        let column = word + String(repeating: " ", count: max(1, Self.column - word.count))
        lines.append((column + TerminalText.plain(text)))
    }

    private static let column = 11

    private mutating func addFile(_ file: FoundFile) {
        let bytes = TerminalText.plain(file.item.pathBytes)
        let age = Shown.span(nanoseconds: unix - file.modifiedNanoseconds)
        add("", "\(bytes), \(Shown.size(file.sizeBytes)) bytes, \(age) old, published by \(file.publisher)")
        if !file.isReadable { add("", "this user may not read it") }
    }

    private func shown(_ file: FoundFile) -> String {
        guard let contents = file.contents else { return file.item.isBatch ? "a batch" : "an event" }
        var text = contents.name + (file.item.isBatch ? " …" : "")
        if let key = contents.key { text += " [\(key)]" }
        if !contents.channels.isEmpty { text += " in \(contents.channels.joined(separator: ", "))" }
        return text
    }

    private func text(_ reason: WaitReason, _ server: ServerView) -> String {
        switch reason {
        case .held: "held back until somebody releases it: wsqueue-server queue release, wsqueue-publish --release"
        case .due(let moment): "for its time, \(Timestamp.text(moment)), in \(Shown.span(nanoseconds: moment - unix))"
        case .duplicate(let seq): "it has been sent as number \(seq); this file goes and is not sent again"
        case .expired(let moment): "it was to be sent until \(time(moment)); the file goes and nothing is sent"
        case .unfinished(let fault):
            "until it is whole: \(fault). When no one has it open for writing, the server sets it aside"
        case .noServer: "no server holds the queue"
        case .unknownServer: "whether a server holds the queue cannot be told"
        case .noClients: "until a client is connected (--hold-without-clients)"
        case .order(let count):
            "for its turn: \(count) \(count == 1 ? "file comes" : "files come") before it\(server.name)"
        case .next: "it is next\(server.name)"
        }
    }

    private func time(_ nanoseconds: Int64) -> String {
        "\(Timestamp.text(nanoseconds)), \(Shown.span(nanoseconds: unix - nanoseconds)) ago"
    }
}
