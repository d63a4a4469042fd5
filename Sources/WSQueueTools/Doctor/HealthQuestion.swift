internal import WSQueueNet
internal import WSQueueOperation
internal import WSQueueSystem

/// `GET /ready`, asked by a program that has nothing else to do meanwhile.
struct HealthQuestion {
    let status: Int
    let body: String

    /// Asks; `nil` when nobody answers within two seconds, or not in HTTP.
    static func ask(_ address: Address) -> HealthQuestion? {
        guard let socket = try? Socket.connect(to: address), var poller = try? Poller() else { return nil }
        let deadline = Clock.monotonicNanoseconds() + 2_000_000_000
        guard (try? poller.add(socket.number, .writable, token: 0)) != nil, wait(&poller, deadline) else { return nil }
        let host = address.isLoopback ? "localhost" : address.description
        let request = Array("GET /ready HTTP/1.1\r\nHost: \(host)\r\nConnection: close\r\n\r\n".utf8)
        guard case .bytes(request.count) = Socket.send(request.span, to: socket.number),
            (try? poller.change(socket.number, .readable, token: 0)) != nil
        else { return nil }
        var answer: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4_096)
        while answer.count < limitBytes, wait(&poller, deadline) {
            var span = buffer.mutableSpan
            guard case .bytes(let count) = Socket.receive(into: &span, from: socket.number) else { break }
            answer += buffer[..<count]
        }
        return parse(String(decoding: answer, as: UTF8.self))
    }

    /// What the answer says for people (``ServerHealth/json``).
    var reasons: String {
        let mark = "\"detail\":\""
        var details: [Substring] = []
        var rest = body[...]
        while let next = rest.behind(mark) {
            details.append(next.prefix { $0 != "\"" })
            rest = next
        }
        return details.isEmpty ? body : details.joined(separator: ", ")
    }

    private static func wait(_ poller: inout Poller, _ deadline: Int64) -> Bool {
        let left = (deadline - Clock.monotonicNanoseconds()) / 1_000_000
        return left > 0 && ((try? poller.wait(milliseconds: Int32(left))) ?? 0) > 0
    }

    private static func parse(_ text: String) -> HealthQuestion? {
        let words = text.prefix(64).split(separator: " ", maxSplits: 2)
        guard words.count > 2, words[0].hasPrefix("HTTP/1."), let status = Int(words[1]) else { return nil }
        return HealthQuestion(status: status, body: text.behind("\r\n\r\n").map { String($0) } ?? "")
    }

    private static let limitBytes = 16_384
}
