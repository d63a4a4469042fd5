import History

/// A client that comes at the end and asks for the state, again where the server dies meanwhile.
final class StateReader {
    /// The event of each key, once all of it has come.
    private(set) var state: [String: EventNumber]?
    /// Whether it was told that this is the state of all keys.
    private(set) var isComplete = true
    private unowned let scenario: any Stage
    private let server: Int
    private let kernel: Kernel

    init(server: Int = 0, in scenario: any Stage) {
        self.server = server
        self.scenario = scenario
        kernel = scenario.kernel
    }

    func read() {
        while state == nil {
            kernel.pause { [kernel, server] in kernel.listeners[server] != nil }
            guard let listener = kernel.listeners[server] else { continue }
            let connection = SimulatedConnection(capacity: scenario.profile.socketBytes)
            listener.backlog.append(connection)
            let lines = [
                "GET /?state=1 HTTP/1.1", "Host: 127.0.0.1:8081", "Upgrade: websocket", "Connection: Upgrade",
                "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
                "Sec-WebSocket-Protocol: wsqueue.v1",
            ]
            connection.toServer = Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8)
            state = hear(connection)
            connection.isClosedByClient = true
            connection.toClient = []
            kernel.pause(until: kernel.now + 1_000_000)
        }
    }

    private func hear(_ connection: SimulatedConnection) -> [String: EventNumber]? {
        var found: [String: EventNumber] = [:]
        return Reception.first(on: connection, kernel) { text in
            if Bytes.find("\"action\":\"state\"", in: text) != nil, Bytes.find("\"keys\":", in: text) != nil {
                isComplete = Bytes.find("\"complete\":true", in: text) != nil
                return found
            }
            if let key = Bytes.value("\"key\":\"", end: 0x22, in: text),
                let publisher = Bytes.number("\"p\":", in: text), let number = Bytes.number("\"n\":", in: text)
            {
                found[Bytes.text(key)] = EventNumber(publisher: Int(publisher), number: Int(number))
            }
            return nil
        }
    }
}
