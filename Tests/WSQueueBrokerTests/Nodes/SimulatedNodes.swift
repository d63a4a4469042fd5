import WSQueueBroker
import WSQueueCore

/// Several nodes and a channel that keeps the order of one sender and of nothing else, without a clock or a socket.
struct SimulatedNodes {
    struct Node {
        var presence: Presence
        var table: NodeTable
        var version: UInt64 = 0
        var isConnected = false
        var mustTellWhole = false
        /// What it has not heard yet, by sender.
        var inbox: [Int64: [NodeMessage]] = [:]
        /// The users of its connections, by channel.
        var connections: [Int64: (channel: String, user: String)] = [:]
        var news: [PresenceNews] = []
    }

    static let second: Int64 = 1_000_000_000
    var nodes: [Int64: Node] = [:]
    var now: Int64 = second
    var random: SplitMix
    private var lastNode: Int64 = 0
    private var lastConnection: Int64 = 0

    init(seed: UInt64) { random = SplitMix(state: seed) }

    /// A new one, connected.
    @discardableResult
    mutating func add() -> Int64 {
        lastNode += 1
        var node = Node(presence: Presence(), table: NodeTable(node: lastNode))
        node.presence.share(as: lastNode)
        nodes[lastNode] = node
        connect(lastNode)
        return lastNode
    }

    mutating func connect(_ number: Int64) {
        guard nodes[number]?.isConnected == false else { return }
        nodes[number]?.isConnected = true
        for action in nodes[number]?.table.connect(now: now) ?? [] { act(action, number) }
    }

    /// What it has not heard is lost to it, and what it says is heard by nobody.
    mutating func disconnect(_ number: Int64) {
        nodes[number]?.isConnected = false
        nodes[number]?.inbox = [:]
    }

    mutating func enter(_ number: Int64, _ channel: String, _ user: String, info: String? = nil) {
        guard let label = Label(user) else { return }
        lastConnection += 1
        nodes[number]?.connections[lastConnection] = (channel, user)
        nodes[number]?.presence.enter(
            channel, Identity(user: label, info: info.map { Array($0.utf8) }), lastConnection)
    }

    mutating func leave(_ number: Int64, _ connection: Int64) {
        guard let (channel, user) = nodes[number]?.connections.removeValue(forKey: connection),
            let label = Label(user)
        else { return }
        nodes[number]?.presence.leave(channel, label, connection, now: now)
    }

    /// Everybody does what is due and says what has changed.
    mutating func turn() {
        for number in nodes.keys.sorted() {
            let news = nodes[number]?.presence.turn(now: now) ?? []
            nodes[number]?.news += news
            guard nodes[number]?.isConnected == true else { continue }
            for action in nodes[number]?.table.tick(now: now) ?? [] { act(action, number) }
            if nodes[number]?.mustTellWhole == true { tellWhole(number) }
            let changes = nodes[number]?.presence.takeChanges() ?? []
            if !changes.isEmpty {
                nodes[number]?.version += UInt64(changes.count)
                say(.changes(version: nodes[number]?.version ?? 0, changes), number)
            }
            say(.beat(version: nodes[number]?.version ?? 0), number)
        }
    }

    /// Some node hears the next message of some other.
    ///
    /// - Returns: Whether there was any.
    mutating func deliver() -> Bool {
        let waiting = nodes.keys.sorted().flatMap { number in
            (nodes[number]?.inbox ?? [:]).filter { !$0.value.isEmpty }.keys.sorted().map { (number, $0) }
        }
        guard let (number, sender) = waiting.randomElement(using: &random),
            let message = nodes[number]?.inbox[sender]?.removeFirst()
        else { return false }
        for action in nodes[number]?.table.hear(message, now: now) ?? [] { act(action, number) }
        return true
    }

    /// Lets time pass until everything has been said and heard.
    mutating func settle(seconds: Int64 = 30) {
        for _ in 0..<seconds {
            now += Self.second
            turn()
            while deliver() {}
        }
    }

    /// Who is in a channel, as a node sees it.
    func members(_ number: Int64, _ channel: String) -> [PresentUser] {
        (nodes[number]?.presence.page(channel).users ?? []).sorted { $0.user.text < $1.user.text }
    }

    private mutating func say(_ body: NodeMessage.Body, _ number: Int64) {
        guard nodes[number]?.isConnected == true else { return }
        // As the others get it.
        guard let message = try? NodeMessage.decode(NodeMessage(sender: number, body: body).encode().span) else {
            return
        }
        for other in nodes.keys where other != number && nodes[other]?.isConnected == true {
            nodes[other]?.inbox[number, default: []].append(message)
        }
    }

    private mutating func tellWhole(_ number: Int64) {
        nodes[number]?.mustTellWhole = false
        let version = nodes[number]?.version ?? 0
        let pieces = (nodes[number]?.presence.takeWhole() ?? []).map { [$0] }
        for (index, piece) in (pieces.isEmpty ? [[]] : pieces).enumerated() {
            say(.whole(version: version, piece: index, isLast: index >= pieces.count - 1, piece), number)
        }
    }

    private mutating func act(_ action: NodeTable.Action, _ number: Int64) {
        switch action {
        case .obey, .learn: break
        case .lost(let other, _): nodes[number]?.presence.lose(other, now: now)
        case .say(let body): say(body, number)
        case .tellWhole: nodes[number]?.mustTellWhole = true
        case .put(let entries, let other):
            for entry in entries { nodes[number]?.presence.put(entry, from: other) }
        case .replace(let entries, let other): nodes[number]?.presence.replace(entries, from: other)
        case .found, .pass, .passed: break
        }
    }
}
