import Glibc
import History

/// A program on another machine that publishes by `POST /publish`: it believes the answers, and asks again where it was
/// refused.
///
/// Where no answer comes it cannot know. With ids it asks again until it is answered; without it goes on with the next.
final class WebPublisher {
    private(set) var isDone = false
    private let name: String
    private let token: String
    private let usesIDs: Bool
    private var next = 0
    /// Whose order the events are in: after it has given up waiting for an answer it is somebody else.
    private var publisher: Int
    private var connection: SimulatedConnection?
    private unowned let scenario: Scenario
    private let kernel: Kernel

    /// The lines of the server's file.
    static let tokens = ["a token of the first program", "a token of the second program"]
    private static let events = 12

    /// What became of a request.
    private enum Answer {
        case accepted
        /// The server says that it is not in the queue.
        case refused
        case none
        /// It was not waited for.
        case abandoned
    }

    init(index: Int, in scenario: Scenario) {
        name = "web\(index)"
        token = Self.tokens[index]
        publisher = 1_000 * (index + 1)
        self.scenario = scenario
        kernel = scenario.kernel
        usesIDs = kernel.random.chance(perMille: 500)
    }

    /// The whole life of the program.
    func publish() {
        // One that is connected gets everything: whatever is published before may be trimmed before it comes.
        kernel.pause { [scenario] in scenario.areClientsReady }
        while next < Self.events {
            let end = min(Self.events, next + kernel.random.pick([1, 1, 1, 3]))
            let events = (next..<end).map { EventNumber(publisher: publisher, number: $0) }
            next = end
            publish(events)
            // Names of two servers are ordered by a clock that is right.
            if !scenario.profile.clockErrors.isEmpty { publisher += 1 }
            if kernel.random.chance(perMille: scenario.profile.restPerMille) { rest(upTo: 200_000_000) }
        }
        connection?.isClosedByClient = true
        isDone = true
    }

    /// Publishes events by one request, or by several until one is answered.
    private func publish(_ events: [EventNumber]) {
        while true {
            for event in events {
                scenario.note(.publish(event, .invoked(hash: Bytes.hash(Self.payload(of: event)), channel: nil)))
            }
            let cuts = scenario.checker.counts.powerCuts
            switch ask(events) {
            case .accepted:
                // What was answered before a power cut may be gone with it.
                guard scenario.checker.counts.powerCuts == cuts else { return }
                for event in events { scenario.note(.publish(event, .ok(.kill))) }
                return
            case .refused: for event in events { scenario.note(.publish(event, .failed)) }
            case .none:
                for event in events { scenario.note(.publish(event, .unknown)) }
                if !usesIDs { return }
            case .abandoned:
                for event in events { scenario.note(.publish(event, .unknown)) }
                publisher += 1
                return
            }
            rest(upTo: 50_000_000)
        }
    }

    private func rest(upTo nanoseconds: Int) {
        kernel.pause(until: kernel.now + Int64(kernel.random.below(nanoseconds)))
    }

    // MARK: A request

    private func ask(_ events: [EventNumber]) -> Answer {
        let connection = connect()
        let lines = events.map { event in
            let id = usesIDs ? ",\"id\":\"\(event)\"" : ""
            return Array("{\"event\":\"e\",\"payload\":".utf8) + Self.payload(of: event) + Array("\(id)}".utf8)
        }
        let request = request(Array(lines.joined(separator: [0x0A])), isBatch: events.count > 1)
        // Not all of it arrives at once.
        let cut = kernel.random.below(request.count)
        connection.toServer += request[..<cut]
        if kernel.random.chance(perMille: 300) { rest(upTo: 50_000_000) }
        connection.toServer += request[cut...]
        let patience = kernel.random.chance(perMille: 50) ? kernel.now + Int64(kernel.random.below(5_000_000)) : .max
        let answer = answer(on: connection, until: patience)
        if answer == .none || answer == .abandoned || kernel.random.chance(perMille: 300) {
            connection.isClosedByClient = true
            self.connection = nil
        }
        return answer
    }

    private func connect() -> SimulatedConnection {
        if let connection, !connection.isReset, !connection.isClosedByServer { return connection }
        // Otherwise it would count as one of the server's clients for some time, and be asked again for as long.
        connection?.isClosedByClient = true
        while true {
            kernel.pause { [kernel] in kernel.listener != nil }
            guard let listener = kernel.listener else { continue }
            let new = SimulatedConnection(capacity: max(1_000, scenario.profile.socketBytes))
            listener.backlog.append(new)
            connection = new
            return new
        }
    }

    private func request(_ body: [UInt8], isBatch: Bool) -> [UInt8] {
        let isChunked = kernel.random.chance(perMille: 200)
        let lines = [
            "POST /publish HTTP/1.1", "Host: 127.0.0.1:8081", "Authorization: Bearer \(token)",
            "Content-Type: application/\(isBatch ? "x-ndjson" : "json")",
            isChunked ? "Transfer-Encoding: chunked" : "Content-Length: \(body.count)",
        ]
        let head = Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8)
        guard isChunked else { return head + body }
        let cut = kernel.random.below(body.count)
        let chunks = [body[..<cut], body[cut...]].filter { !$0.isEmpty }
            .map { Array("\(String($0.count, radix: 16))\r\n".utf8) + $0 + [0x0D, 0x0A] }
        return head + chunks.joined() + Array("0\r\n\r\n".utf8)
    }

    private func answer(on connection: SimulatedConnection, until patience: Int64) -> Answer {
        var received: [UInt8] = []
        while true {
            kernel.pause(until: patience) {
                !connection.toClient.isEmpty || connection.isReset || connection.isClosedByServer
            }
            received += connection.toClient
            connection.toClient = []
            if let answer = HTTPAnswer(received) {
                switch answer.status {
                case 202: return .accepted
                case 503: return .refused
                default:
                    scenario.fail("\(name): \(Bytes.text(received))")
                    return .none
                }
            }
            if connection.isReset || connection.isClosedByServer { return .none }
            if kernel.now >= patience { return .abandoned }
        }
    }

    private static func payload(of event: EventNumber) -> [UInt8] {
        Array("{\"p\":\(event.publisher),\"n\":\(event.number),\"x\":\"www\"}".utf8)
    }
}
