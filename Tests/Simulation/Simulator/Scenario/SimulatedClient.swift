import History
import WSQueueTools

/// A client of the server: connects, reads at its own pace, loses or gives up the connection, and comes back with its
/// cursor, as `wsqueue.js` does.
final class SimulatedClient {
    let name: String
    /// Whether it has been let in once.
    private(set) var isReady = false
    /// Everything up to here has been heard, or told as a gap: it stays where it is until a replay is over.
    private var cursor: HistoryCursor?
    private var isReplaying = false
    private var epoch = ""
    /// The highest number heard in this epoch.
    private var heard: UInt64 = 0
    /// Numbers that another server may have sent in a replay that was cut off, and that the present one may send again: it has
    /// been told the cursor alone, and may be behind the other.
    private var known: ClosedRange<UInt64>?
    private unowned let scenario: any Stage
    /// The servers of which it takes any.
    private let servers: [Int]
    private let kernel: Kernel
    /// The file in which it notes how far it has come, where it does: such a one may die.
    private let cursorPath: String?
    private var file: CursorFile?
    /// Those of its earlier lives, which nobody closes.
    private var abandoned: [CursorFile] = []
    private var connection: SimulatedConnection?
    /// Of one that may die.
    private static let owner = Owner.publisher(90)
    /// How often it has left on its own before a past was over, one after the other.
    private var departures = 0
    /// When it comes back, if it leaves as soon as it has been let in: it has the history alone then.
    private var returnsWhen: (() -> Bool)?

    init(
        name: String, servers: [Int] = [0], in scenario: any Stage, cursorPath: String? = nil,
        returnsWhen: (() -> Bool)? = nil
    ) {
        self.name = name
        self.cursorPath = cursorPath
        self.servers = servers
        self.returnsWhen = returnsWhen
        self.scenario = scenario
        kernel = scenario.kernel
    }

    /// Starts one that may die.
    func start() { kernel.spawn(name, owner: Self.owner, converse) }

    /// It is killed.
    func die() {
        kernel.kill(Self.owner)
        if let file { abandoned.append(file) }
        file = nil
        connection?.isClosedByClient = true
        connection?.toClient = []
        note(.closed)
    }

    /// Goes on where it has noted that it was.
    private func readCursor(_ path: String) {
        do {
            let file = try CursorFile.open(path)
            self.file = file
            cursor = file.cursor.flatMap { HistoryCursor($0) }
        } catch {
            scenario.fail("\(name): \(error)")
        }
    }

    /// Everything up to a place has been dealt with.
    private func stand(at cursor: HistoryCursor?) {
        self.cursor = cursor
        guard let file, let cursor else { return }
        do { try file.write("\(cursor)") } catch { scenario.fail("\(name): \(error)") }
    }

    /// The whole life of the client.
    func converse() {
        if let cursorPath { readCursor(cursorPath) }
        while true {
            let server = servers.count > 1 ? kernel.random.pick(servers) : servers[0]
            kernel.pause { [kernel] in kernel.listeners[server] != nil }
            rest(upTo: 5_000_000)
            guard let listener = kernel.listeners[server] else { continue }
            let connection = SimulatedConnection(capacity: scenario.profile.socketBytes)
            self.connection = connection
            listener.backlog.append(connection)
            note(.connects(cursor))
            connection.toServer = request
            isReplaying = cursor != nil
            known = cursor.flatMap { servers.count > 1 && $0.seq < heard ? $0.seq + 1...heard : nil }
            stay(connection)
            connection.isClosedByClient = true
            connection.toClient = []
            note(.closed)
            if isReady, let condition = returnsWhen.take() { kernel.pause(condition) }
            if kernel.random.chance(perMille: 300) { rest(upTo: 500_000_000) }
        }
    }

    private var request: [UInt8] {
        let path = cursor.map { "/?since=\($0)" } ?? "/"
        let lines = [
            "GET \(path) HTTP/1.1", "Host: 127.0.0.1:8081", "Upgrade: websocket", "Connection: Upgrade",
            "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
            "Sec-WebSocket-Protocol: wsqueue.v1",
        ]
        return Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8)
    }

    private func rest(upTo nanoseconds: Int) {
        kernel.pause(until: kernel.now + Int64(kernel.random.below(nanoseconds)))
    }

    private func stay(_ connection: SimulatedConnection) {
        var reception = Reception()
        while true {
            kernel.pause { !connection.toClient.isEmpty || connection.isReset || connection.isClosedByServer }
            guard !connection.toClient.isEmpty else { return }
            if kernel.random.chance(perMille: 200) { rest(upTo: 30_000_000) }
            reception.take(1 + kernel.random.below(connection.toClient.count), from: connection)
            guard !reception.isRefused else { return }
            guard reception.isUpgraded else { continue }
            while let (opcode, payload) = reception.next() {
                guard answer(opcode, payload, on: connection) else { return }
            }
            if isReady, returnsWhen != nil { return }
            // Now and then it leaves; if it always did before a long past is over, it would never hear the rest.
            if kernel.random.chance(perMille: 5), !isReplaying || departures < 20 {
                departures = isReplaying ? departures + 1 : 0
                return
            }
        }
    }

    private func answer(
        _ opcode: Frame.Opcode?, _ payload: ArraySlice<UInt8>, on connection: SimulatedConnection
    ) -> Bool {
        switch opcode {
        case .text: hear(payload)
        case .ping:
            // A frame of a client is masked, here with zeros.
            connection.toServer += [0x8A, 0x80 | UInt8(payload.count), 0, 0, 0, 0] + payload
        case .close: return false
        case nil: scenario.fail("\(name): a frame of an unknown kind")
        }
        return true
    }

    private func hear(_ text: ArraySlice<UInt8>) {
        if Bytes.begins(text, with: "{\"event\"") {
            hearEvent(text)
        } else if Bytes.find("\"action\":\"welcome\"", in: text) != nil {
            guard let cursor = cursor(in: text) else { return }
            note(.welcome(cursor))
            enter(cursor.epoch)
            if self.cursor == nil { stand(at: cursor) }
            isReady = true
        } else if Bytes.find("\"action\":\"resumed\"", in: text) != nil {
            guard let cursor = cursor(in: text) else { return }
            let gap = Bytes.value("\"to\":\"", end: 0x22, in: text).flatMap { HistoryCursor(Bytes.text($0)) }
            if (gap == nil) != (Bytes.find("\"complete\":true", in: text) != nil) {
                scenario.fail("\(name): neither complete nor a gap: \(Bytes.text(text))")
            }
            note(.resumed(cursor, gap: gap))
            enter(cursor.epoch)
            stand(at: cursor)
            isReplaying = false
            departures = 0
        }
    }

    private func enter(_ epoch: String) {
        if self.epoch != epoch {
            heard = 0
            known = nil
        }
        self.epoch = epoch
    }

    private func hearEvent(_ text: ArraySlice<UInt8>) {
        guard let start = Bytes.find("\"payload\":", in: text), let end = Bytes.find(",\"timestamp\":", in: text),
            let id = Bytes.value("\"id\":\"", end: 0x22, in: text), let seq = Bytes.number("\"seq\":", in: text),
            let publisher = Bytes.number("\"p\":", in: text), let number = Bytes.number("\"n\":", in: text)
        else { return scenario.fail("\(name): \(Bytes.text(text))") }
        // From a replay that was cut off and begins again.
        if isReplaying, seq <= heard { return }
        if let known, known.contains(seq) {
            cursor = HistoryCursor("\(epoch):\(seq)")
            return
        }
        let place = HistoryCursor("\(epoch):\(seq)")
        if !isReplaying, scenario.profile.machine.fault == .notedBeforeDone { stand(at: place) }
        heard = max(heard, seq)
        let event = EventNumber(publisher: Int(publisher), number: Int(number))
        note(.event(seq: seq, event, hash: Bytes.hash(text[(start + 10)..<end]), id: Bytes.text(id)))
        if !isReplaying { stand(at: place) }
    }

    private func cursor(in text: ArraySlice<UInt8>) -> HistoryCursor? {
        let found = Bytes.value("\"cursor\":\"", end: 0x22, in: text).flatMap { HistoryCursor(Bytes.text($0)) }
        if found == nil { scenario.fail("\(name): no cursor: \(Bytes.text(text))") }
        return found
    }

    private func note(_ fact: HistoryEntry.ClientFact) { scenario.note(.client(name, fact)) }
}
