/// A user who comes and goes in a channel that tells of it, and one who listens there: nobody is said to have left who has not
/// been away for the grace. Presence is no history: what is told while nobody listens is not told again.
final class Visitors {
    static let graceNanoseconds: Int64 = 500_000_000
    /// A loop counts from when its turn has begun, which a stall may make long.
    private static let turnNanoseconds: Int64 = 100_000_000
    private(set) var isDone = false
    /// Since when the user has been away, and the longest time of that since it was last said to have left.
    private var awaySince: Int64?
    private var longestAway: Int64 = 0
    private unowned let scenario: Scenario
    private let kernel: Kernel

    init(in scenario: Scenario) {
        self.scenario = scenario
        kernel = scenario.kernel
    }

    func start() {
        kernel.spawn("watcher", owner: .world) { [self] in while !isDone { connect("watcher", until: .max) } }
        kernel.spawn("visitor", owner: .world) { [self] in
            for _ in 0..<8 {
                connect("visitor", until: kernel.now + Int64(kernel.random.below(200_000_000)))
                awaySince = awaySince ?? kernel.now
                kernel.pause(until: kernel.now + Int64(kernel.random.below(600_000_000)))
            }
            isDone = true
        }
    }

    private func connect(_ user: String, until end: Int64) {
        kernel.pause(until: end) { [kernel] in kernel.listener != nil }
        let connection = SimulatedConnection(capacity: 65_536)
        kernel.listener?.backlog.append(connection)
        let token = "Authorization: Bearer \(Tokens.make(user: user))"
        let lines = ["GET /?channels=presence.x HTTP/1.1", "Host: 127.0.0.1:8081", token] + Listener.upgrade
        connection.toServer = Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8)
        var reception = Reception()
        while !reception.isRefused {
            kernel.pause(until: end) { [self] in
                !connection.toClient.isEmpty || connection.isReset || connection.isClosedByServer || isDone
            }
            guard !connection.toClient.isEmpty else { break }
            reception.take(connection.toClient.count, from: connection)
            while let (opcode, text) = reception.next() {
                if opcode == .ping { connection.toServer += [0x8A, 0x80, 0, 0, 0, 0] }
                hear(text, as: user)
            }
        }
        connection.isClosedByClient = true
        connection.toClient = []
        kernel.pause(until: kernel.now + 1_000_000)
    }

    private func hear(_ text: ArraySlice<UInt8>, as user: String) {
        scenario.trace(user, text)
        if user == "visitor", Bytes.find("\"action\":\"welcome\"", in: text) != nil, let since = awaySince {
            (awaySince, longestAway) = (nil, max(longestAway, kernel.now - since))
        }
        guard user == "watcher", Bytes.begins(text, with: "{\"event\":\"presence.leave\""),
            Bytes.find("\"visitor\"", in: text) != nil
        else { return }
        longestAway = max(longestAway, awaySince.map { kernel.now - $0 } ?? 0)
        if longestAway < Self.graceNanoseconds - Self.turnNanoseconds {
            scenario.fail("the visitor is said to have left, and was away for \(longestAway) ns")
        }
        longestAway = 0
    }
}
