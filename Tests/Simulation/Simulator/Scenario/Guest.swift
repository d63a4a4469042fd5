import History

/// A user in a channel that tracks who is there: comes with a token to one server or another, listens, sends messages to
/// all who are there, stays for a while and comes back; once all is published it stays.
final class Guest {
    let user: String
    /// The connection that it has now, once it has been let in.
    private(set) var connection: SimulatedConnection?
    /// To which server that is.
    private(set) var server = 0
    /// The news of who is there that this connection has heard: another server may be behind.
    private var news: Set<String> = []
    /// The messages that were sent by all guests, and those that this connection has heard.
    private var sent = 0
    private var heard: Set<String> = []
    private var last: UInt64 = 0
    private unowned let stage: any Stage
    private let kernel: Kernel

    static let channel = "presence.room"
    static let rules = #"[{"channel":"presence.room","subscribe":"authenticated","publish":"authenticated"}]"#

    init(user: String, in stage: any Stage) {
        self.user = user
        self.stage = stage
        kernel = stage.kernel
    }

    /// The whole life of the user.
    func converse() {
        while true {
            server = kernel.random.below(stage.serverCount)
            kernel.pause { [kernel, server] in kernel.listeners[server] != nil }
            guard let listener = kernel.listeners[server] else { continue }
            let new = SimulatedConnection(capacity: 65_536)
            listener.backlog.append(new)
            let lines = [
                "GET /?channels=\(Self.channel) HTTP/1.1", "Host: 127.0.0.1:8081", "Upgrade: websocket",
                "Connection: Upgrade", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
                "Sec-WebSocket-Protocol: wsqueue.v1", "Authorization: Bearer \(Tokens.make(user: user))",
            ]
            new.toServer = Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8)
            (heard, news, last) = ([], [], 0)
            stay(new)
            connection = nil
            new.isClosedByClient = true
            new.toClient = []
            kernel.pause(until: kernel.now + 1_000_000 + Int64(kernel.random.below(1_000_000_000)))
        }
    }

    private func stay(_ new: SimulatedConnection) {
        var reception = Reception()
        var end = kernel.now + Int64(kernel.random.below(6_000_000_000))
        while true {
            kernel.pause(until: end) { !new.toClient.isEmpty || new.isReset || new.isClosedByServer }
            if new.toClient.isEmpty {
                if new.isReset || new.isClosedByServer { return }
                guard stage.isPublished else { return }
                end = kernel.now + 60_000_000_000
                continue
            }
            reception.take(new.toClient.count, from: new)
            guard !reception.isRefused else { return }
            while let (opcode, text) = reception.next() {
                switch opcode {
                case .text: hear(text, new)
                case .ping: new.toServer += [0x8A, 0x80, 0, 0, 0, 0]
                case .close, nil: return
                }
            }
            if connection != nil, sent < 20, kernel.random.chance(perMille: 300) { send(new) }
        }
    }

    /// Sends a message to all who are there, masked with zeros (RFC 6455 §5.3).
    private func send(_ connection: SimulatedConnection) {
        sent += 1
        let text =
            "{\"action\":\"message\",\"data\":{\"channel\":\"\(Self.channel)\",\"message\":\"\(user)-\(sent).\"}}"
        connection.toServer += [0x81, 0x80 | UInt8(text.utf8.count), 0, 0, 0, 0] + Array(text.utf8)
    }

    private func hear(_ text: ArraySlice<UInt8>, _ new: SimulatedConnection) {
        stage.trace(user, text)
        if Bytes.begins(text, with: "{\"event\":\"presence.") {
            guard let seq = Bytes.number("\"seq\":", in: text), Bytes.find("\"count\":", in: text) != nil else {
                return stage.fail("\(user): \(Bytes.text(text))")
            }
            if let id = Bytes.value("\"id\":\"", end: 0x22, in: text).map(Bytes.text), !news.insert(id).inserted {
                stage.fail("\(user): \(id) came twice")
            }
            if seq <= last { stage.fail("\(user): \(seq) after \(last)") }
            last = seq
            return
        }
        switch Bytes.value("\"action\":\"", end: 0x22, in: text).map(Bytes.text) {
        case "welcome": connection = new
        case "message":
            let message = Bytes.value("\"message\":\"", end: 0x22, in: text).map(Bytes.text) ?? ""
            guard message.hasPrefix("u"), message.hasSuffix(".") else {
                return stage.fail("\(user): \(Bytes.text(text))")
            }
            if !heard.insert(message).inserted { stage.fail("\(user): \(message) came twice") }
        case "message_sent":
            // It is there itself.
            if Bytes.number("\"recipients_count\":", in: text) ?? 0 == 0 {
                stage.fail("\(user): a message for nobody: \(Bytes.text(text))")
            }
        case "error":
            // What the application has sent away is told so.
            let isKnown = ["\"disconnected\"", "\"rate_limited\""].contains {
                Bytes.text(text).contains($0)
            }
            if !isKnown { stage.fail("\(user): \(Bytes.text(text))") }
        default: break
        }
    }
}
