import History

/// A connection that asks one question.
final class DamageReader {
    /// What it was told.
    struct Heard {
        var welcome: HistoryCursor?
        var events: [UInt64: JournalTruth.Event] = [:]
        var resumed: (cursor: HistoryCursor, gap: HistoryCursor?)?
        var state: (keys: Int, isComplete: Bool)?
        var isOver = false
    }

    private(set) var heard = Heard()
    private let kernel: Kernel
    private let connection = SimulatedConnection(capacity: 1_048_576)
    private var reception = Reception()

    init(_ kernel: Kernel) { self.kernel = kernel }

    func open(_ target: String) {
        kernel.pause { [kernel] in kernel.listener != nil }
        let lines = [
            "GET \(target) HTTP/1.1", "Host: 127.0.0.1:8081", "Upgrade: websocket", "Connection: Upgrade",
            "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
            "Sec-WebSocket-Protocol: wsqueue.v1",
        ]
        connection.toServer = Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8)
        kernel.listener?.backlog.append(connection)
    }

    /// Listens until it has heard enough.
    ///
    /// - Returns: Whether that came.
    func hear(_ isEnough: (Heard) -> Bool) -> Bool {
        let end = kernel.now + 60_000_000_000
        while !isEnough(heard) {
            kernel.pause(until: end) { [connection] in
                !connection.toClient.isEmpty || connection.isReset || connection.isClosedByServer
            }
            guard !connection.toClient.isEmpty else { return false }
            reception.take(connection.toClient.count, from: connection)
            guard !reception.isRefused else { return false }
            while let (opcode, text) = reception.next() {
                switch opcode {
                case .text: take(text)
                case .ping: connection.toServer += [0x8A, 0x80, 0, 0, 0, 0]
                default: return isEnough(heard)
                }
            }
        }
        return true
    }

    private func take(_ text: ArraySlice<UInt8>) {
        let cursor = Bytes.value("\"cursor\":\"", end: 0x22, in: text).flatMap { HistoryCursor(Bytes.text($0)) }
        if Bytes.begins(text, with: "{\"event\""), let seq = Bytes.number("\"seq\":", in: text) {
            let key = Bytes.value("\"key\":\"", end: 0x22, in: text).map(Bytes.text)
            heard.events[seq] = JournalTruth.Event(text: Array(text), key: key)
        } else if Bytes.find("\"action\":\"welcome\"", in: text) != nil {
            heard.welcome = cursor
        } else if Bytes.find("\"action\":\"resumed\"", in: text) != nil, let cursor {
            let gap = Bytes.value("\"to\":\"", end: 0x22, in: text).flatMap { HistoryCursor(Bytes.text($0)) }
            heard.resumed = (cursor, gap)
        } else if Bytes.find("\"action\":\"state\"", in: text) != nil, let keys = Bytes.number("\"keys\":", in: text) {
            heard.state = (Int(keys), Bytes.find("\"complete\":true", in: text) != nil)
        }
    }
}

extension DamageReader.Heard {
    /// Whether all that it heard of this numbering was written so.
    private func foreign(_ truth: JournalTruth) -> String? {
        events.first { $0.key <= truth.last && !truth.says($0.value, at: $0.key) }
            .map { "event \($0.key) is another: \(Bytes.text($0.value.text))" }
    }

    /// What is wrong with the answer to one that asks for everything.
    func faultOfPast(_ truth: JournalTruth) -> String? {
        guard let resumed, resumed.cursor.epoch == truth.epoch else {
            return resumed?.gap == nil ? "another numbering, and no gap" : nil
        }
        if let fault = foreign(truth) { return fault }
        let told = resumed.gap?.seq ?? 0
        let missing = truth.events.keys.filter { $0 > told && events[$0] == nil }.sorted()
        return missing.isEmpty ? nil : "without a word about \(missing), after a gap up to \(told)"
    }

    /// What is wrong with the state.
    func faultOfState(_ truth: JournalTruth) -> String? {
        if let fault = foreign(truth) { return fault }
        guard state?.isComplete == true else { return nil }
        let wrong = truth.keys.filter { events[$0.value] == nil }.keys.sorted()
        if !wrong.isEmpty { return "a state that is called complete without that of \(wrong)" }
        return events.count == truth.keys.count ? nil : "a state with \(events.count) events"
    }

    /// What is wrong with the answer to one that had everything, after one more event.
    func faultOfNews(_ truth: JournalTruth) -> String? {
        guard let resumed else { return nil }
        guard resumed.cursor.epoch == truth.epoch else {
            return resumed.gap == nil ? "a new numbering, and no gap" : nil
        }
        if let seq = events.keys.first(where: { $0 <= truth.last }) { return "number \(seq) is given again" }
        if events.isEmpty, resumed.gap == nil { return "an event is missing, and no gap is told" }
        return nil
    }
}

extension JournalTruth {
    /// Whether this is what was sent with a number.
    func says(_ event: Event, at seq: UInt64) -> Bool { events[seq] == event }
}
