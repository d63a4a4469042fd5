internal import WSQueueArguments
internal import WSQueueCommandLine
internal import WSQueueCore
internal import WSQueueSpool
internal import WSQueueSystem

/// `wsqueue-server queue ls`: a line a file, written as they are found.
struct QueueListing {
    private let spool: Directory
    private let unix: Int64
    private let isJSON: Bool
    private let terminal: Terminal

    /// Lists an open queue.
    init(_ spool: Directory, unix: Int64, isJSON: Bool, _ terminal: Terminal) {
        self.spool = spool
        self.unix = unix
        self.isJSON = isJSON
        self.terminal = terminal
    }

    /// Which states are meant; all without a word.
    static func states(_ words: [String]) throws(ArgumentFault) -> [SpoolItem.State] {
        var states: [SpoolItem.State] = []
        for word in words {
            guard let state = SpoolItem.State(rawValue: word) else {
                throw .other("queue ls: '\(word)' is not waiting, later, held or failed")
            }
            states.append(state)
        }
        return states.isEmpty ? SpoolItem.State.allCases : SpoolItem.State.allCases.filter(states.contains)
    }

    /// Writes the files of some states.
    func write(_ states: [SpoolItem.State]) throws -> ExitStatus {
        var isFirst = true
        for state in states {
            var inventory = try SpoolInventory(spool, state, unix: unix)
            while true {
                let page = try inventory.nextPage()
                if page.isEmpty { break }
                if isFirst, !isJSON { try terminal.write(Self.heading) }
                isFirst = false
                try write(page, inventory)
            }
        }
        return .success
    }

    private static let heading = "STATE     AGE   SIZE EVENT                    NAME\n"
    private static let linesAtOnce = 256

    private func write(_ page: [SpoolItem], _ inventory: SpoolInventory) throws {
        var text = ""
        for (index, item) in page.enumerated() {
            // What has gone meanwhile was sent, or somebody else took it away.
            if let glance = inventory.glance(at: item) { text += isJSON ? json(item, glance) : line(item, glance) }
            if index % Self.linesAtOnce == Self.linesAtOnce - 1 {
                try terminal.write(text)
                text = ""
            }
        }
        try terminal.write(text)
    }

    private func line(_ item: SpoolItem, _ glance: SpoolGlance) -> String {
        let distance = item.nanoseconds - unix
        let age = item.state == .later ? "in " + Shown.span(nanoseconds: distance) : Shown.span(nanoseconds: -distance)
        var event = glance.eventName.map(TerminalText.plain) ?? "-"
        if item.isBatch { event += " …" }
        if let key = glance.key { event += " [\(TerminalText.plain(key))\(glance.isClearing ? " ends" : "")]" }
        var line = padded(item.state.rawValue, 7) + " " + padded(age, 5, isRight: true) + " "
        line += padded(Shown.size(glance.sizeBytes), 6, isRight: true) + " " + padded(event, 24) + " "
        line += TerminalText.plain(item.pathBytes)
        if let reason = glance.reason {
            line += "  " + (reason.isEmpty ? "reason unknown" : TerminalText.plain(reason))
        }
        return line + "\n"
    }

    private func json(_ item: SpoolItem, _ glance: SpoolGlance) -> String {
        var bytes = Array("{\"state\":\"\(item.state.rawValue)\",\"name\":".utf8)
        JSONWriter.write(item.path, into: &bytes)
        bytes.append(contentsOf: ",\"event\":".utf8)
        if let event = glance.eventName {
            JSONWriter.write(event, into: &bytes)
        } else {
            bytes.append(contentsOf: "null".utf8)
        }
        if let key = glance.key {
            bytes.append(contentsOf: ",\"key\":".utf8)
            JSONWriter.write(key, into: &bytes)
            bytes.append(contentsOf: ",\"clear\":\(glance.isClearing)".utf8)
        }
        bytes.append(contentsOf: ",\"batch\":\(item.isBatch),\"bytes\":\(glance.sizeBytes),\"time\":".utf8)
        JSONWriter.write(secondsOf: item.nanoseconds / 1_000, into: &bytes)
        if let reason = glance.reason {
            bytes.append(contentsOf: ",\"reason\":".utf8)
            JSONWriter.write(reason, into: &bytes)
        }
        bytes.append(contentsOf: "}\n".utf8)
        return String(decoding: TerminalText.json(bytes), as: UTF8.self)
    }

    private func padded(_ text: String, _ width: Int, isRight: Bool = false) -> String {
        let blanks = String(repeating: " ", count: max(0, width - text.count))
        return isRight ? blanks + text : text + blanks
    }
}
