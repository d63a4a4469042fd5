import History
import WSQueueSpool
import WSQueueSystem

/// What looks after a server on its machine, as load balancers, Prometheus and publishers do: it asks whether the server
/// is ready, how it stands, and whether anybody serves the queue; in the end until it is ready.
final class Monitor {
    /// Whether it has asked what it wanted to, and whether the server was ready after all was published.
    private(set) var isDone = false
    private(set) var isSatisfied = false
    /// How many events a server had sent, and which start of one that was.
    private var sent: (start: Int, count: UInt64) = (0, 0)
    private unowned let scenario: Scenario
    private let kernel: Kernel

    private static let reasons: [StaticString] = [
        "\"starting\"", "\"draining\"", "\"queue\"", "\"journal\"", "\"oldest\"", "\"hub\"", "\"loop\"",
    ]

    init(in scenario: Scenario) {
        self.scenario = scenario
        kernel = scenario.kernel
    }

    func start() { kernel.spawn("monitor", owner: .world, watch) }

    private func watch() {
        kernel.pause { [scenario] in scenario.areClientsReady }
        for _ in 0..<scenario.profile.extras.questions {
            kernel.pause(until: kernel.now + Int64(kernel.random.below(1_500_000_000)))
            switch kernel.random.below(4) {
            case 0: askStatus()
            case 1: askMetrics()
            case 2: _ = isReady()
            default: lookAtQueue()
            }
        }
        isDone = true
        while !isSatisfied {
            kernel.pause(until: kernel.now + 1_000_000_000)
            let wasPublished = scenario.isPublished
            if isReady(), wasPublished { isSatisfied = true }
        }
    }

    // MARK: Questions by HTTP

    private func ask(_ path: String) -> HTTPAnswer? {
        scenario.ask("GET \(path) HTTP/1.1\r\nHost: 127.0.0.1:8081\r\n\r\n", as: "monitor")
    }

    /// Asks how the server stands, which is to be no less than what is known already.
    private func askStatus() {
        let heard = scenario.spectators.heard
        let (failed, start, begin) = (failedFiles, scenario.startCount, kernel.now)
        guard let answer = ask("/status.json") else { return }
        guard answer.status == 200, let seq = Bytes.number("\"seq\":", in: answer.body),
            let sent = Bytes.number("\"sent\":", in: answer.body),
            let epoch = Bytes.value("\"epoch\":\"", end: 0x22, in: answer.body).map(Bytes.text)
        else { return scenario.fail("monitor: \(answer.status) \(Bytes.text(answer.body))") }
        // So long it waits for a thread that is busy, of which it says then what it knows, perhaps nothing yet.
        guard kernel.now - begin < 1_000_000_000 else { return }
        if seq < heard[epoch] ?? 0 { scenario.fail("monitor: seq is \(seq), and clients have \(heard[epoch] ?? 0)") }
        noteSent(sent, start)
        // Within one tick of the disk's clock a directory may change without a sign.
        guard let failed, failed == failedFiles, kernel.settings.tickNanoseconds < 1_000_000_000 else { return }
        if Bytes.number("\"failed\":", in: answer.body) != UInt64(failed.count) {
            scenario.fail("monitor: \(failed.count) files are set aside, and not as in \(Bytes.text(answer.body))")
        }
    }

    /// The files that are set aside; `nil` while the queue is away, or was, and cannot be looked into by all.
    private var failedFiles: Set<String>? {
        kernel.queueHasMoved ? nil : Set(kernel.failed.keys.filter { !$0.hasSuffix(".why") })
    }

    /// Asks for the counters.
    private func askMetrics() {
        let start = scenario.startCount
        guard let answer = ask("/metrics") else { return }
        guard answer.status == 200,
            let sent = Bytes.number("\nwsqueue_events_total{result=\"sent\"} ", in: answer.body)
        else { return scenario.fail("monitor: \(answer.status) \(Bytes.text(answer.body))") }
        noteSent(sent, start)
    }

    /// While one server lives it counts up.
    private func noteSent(_ count: UInt64, _ start: Int) {
        guard start == scenario.startCount else { return }
        if sent.start == start, count < sent.count { scenario.fail("monitor: \(count) sent after \(sent.count)") }
        sent = (start, count)
    }

    /// Asks whether the server is ready; where it is not it says why.
    private func isReady() -> Bool {
        guard let answer = ask("/ready") else { return false }
        let isReady = Bytes.find("\"ready\":true", in: answer.body) != nil
        let hasReason = Self.reasons.contains { Bytes.find($0, in: answer.body) != nil }
        if answer.status != (isReady ? 200 : 503) || isReady == hasReason {
            scenario.fail("monitor: \(answer.status) \(Bytes.text(answer.body))")
        }
        return isReady
    }

    // MARK: The queue

    /// Looks whether anybody serves the queue, as publishers do.
    private func lookAtQueue() {
        guard kernel.isQueueThere, let directory = try? Directory.openUnlisted("/q") else { return }
        let before = serving
        let presence = ServerPresence.of(directory)
        let path = DefaultQueue.path(local: "/q", installed: "/", user: kernel.user)
        let address = ServerAddress.read(in: directory)
        scenario.trace("monitor", "\(presence) \(path) \(address?.addresses ?? [])".utf8)
        if let address, address.addresses != ["127.0.0.1:8081"] {
            scenario.fail("monitor: a server at \(address.addresses)")
        }
        // A call that has failed, or a clock that is wrong, may have taken the sign.
        guard before == serving, kernel.errors == 0, !kernel.queueHasMoved, scenario.profile.clockErrors.isEmpty
        else { return }
        let isFine = kernel.settings.hasFIFOs && kernel.settings.tickNanoseconds < 1_000_000_000
        switch before.state {
        case .listens where presence == .none: scenario.fail("monitor: the server is not seen")
        case .listens where isFine && (presence != .held || path != "/q"):
            scenario.fail("monitor: a server is \(presence), and the queue \(path)")
        case .absent where isFine && (presence != .none || path != "/"):
            scenario.fail("monitor: without a server it is \(presence), and the queue \(path)")
        default: break
        }
    }

    private struct Serving: Equatable {
        enum State { case absent, begins, listens }
        let state: State
        let start: Int
    }

    private var serving: Serving {
        let hasFiles = kernel.files.contains { $0?.owner.serverNumber != nil }
        return Serving(
            state: kernel.listener != nil ? .listens : hasFiles ? .begins : .absent, start: scenario.startCount)
    }
}
