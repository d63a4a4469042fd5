import History

/// A client that comes at the end and asks for what came within some time, again where the server dies meanwhile.
final class AgeReader {
    private(set) var isDone = false
    private unowned let scenario: Scenario
    private let kernel: Kernel

    private static let seconds: [Int64] = [2, 10, 60, 864_000]
    /// So far the time of an event's record and that of its way to clients may be apart.
    private static let slackNanoseconds: Int64 = 2_000_000_000

    init(in scenario: Scenario) {
        self.scenario = scenario
        kernel = scenario.kernel
    }

    func read() {
        while !isDone {
            kernel.pause { [kernel] in kernel.listener != nil }
            guard let listener = kernel.listener else { continue }
            let seconds = kernel.random.pick(Self.seconds)
            let connection = SimulatedConnection(capacity: scenario.profile.socketBytes)
            listener.backlog.append(connection)
            let lines = [
                "GET /?since=\(seconds)s HTTP/1.1", "Host: 127.0.0.1:8081", "Upgrade: websocket",
                "Connection: Upgrade", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
                "Sec-WebSocket-Protocol: wsqueue.v1",
            ]
            connection.toServer = Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8)
            let begin = kernel.now - seconds * 1_000_000_000
            if let heard = hear(connection) {
                judge(heard, after: begin, until: kernel.now - seconds * 1_000_000_000)
                isDone = true
            }
            connection.isClosedByClient = true
            connection.toClient = []
            kernel.pause(until: kernel.now + 1_000_000)
        }
    }

    /// - Returns: The events up to the answer; `nil` where that did not come.
    private func hear(_ connection: SimulatedConnection) -> (events: [EventNumber], isComplete: Bool)? {
        var events: [EventNumber] = []
        var last: UInt64 = 0
        return Reception.first(on: connection, kernel) { text in
            scenario.trace("aged", text)
            if Bytes.find("\"action\":\"resumed\"", in: text) != nil {
                return (events, Bytes.find("\"complete\":true", in: text) != nil)
            }
            guard let seq = Bytes.number("\"seq\":", in: text), let publisher = Bytes.number("\"p\":", in: text),
                let number = Bytes.number("\"n\":", in: text)
            else { return nil }
            if seq <= last { scenario.fail("aged: \(seq) after \(last)") }
            last = seq
            events.append(EventNumber(publisher: Int(publisher), number: Int(number)))
            return nil
        }
    }

    /// - Parameters:
    ///   - begin: Before this nothing was asked for.
    ///   - end: What came after this was asked for.
    private func judge(_ heard: (events: [EventNumber], isComplete: Bool), after begin: Int64, until end: Int64) {
        let found = Set(heard.events)
        for event in heard.events {
            guard let first = scenario.spectators.firstHeard[event] else { continue }
            if first < begin - Self.slackNanoseconds { scenario.fail("aged: \(event) is older than was asked for") }
        }
        // What a power cut or a failed sync has taken is not there.
        let counts = scenario.checker.counts
        guard counts.powerCuts + counts.diskErrors == 0 else { return }
        if !heard.isComplete { scenario.fail("aged: it is told of a gap") }
        for (event, first) in scenario.spectators.firstHeard where first > end && !found.contains(event) {
            guard let begun = scenario.spectators.firstBegun[event], begun > end else { continue }
            scenario.fail("aged: \(event) is not among what came since")
        }
    }
}
