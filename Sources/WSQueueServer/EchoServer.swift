internal import WSQueueAccess
internal import WSQueueEdge
internal import WSQueueLog
package import WSQueueNet
package import WSQueueOperation
package import WSQueueSystem

/// The server's connections without a queue behind them: every message goes back to who sent it. Conformance tests run
/// against it, and so against the code that serves clients.
package struct EchoServer: ~Copyable {
    private let edge: Edge
    private let signals: Signals
    private var poller: Poller

    /// Listens and starts one loop, which sends nothing of its own.
    ///
    /// - Parameters:
    ///   - address: Where to listen.
    ///   - log: Gets what the server's log would.
    ///   - signals: Made before any other thread, so that all threads leave signals to it.
    package init(_ address: Address, log: Log, signals: consuming Signals) throws(SystemCallError) {
        let edge = Edge(
            configuration: Self.configuration(address), log: log,
            publications: try PublicationLog(minimumBytes: 65_536, seq: 0),
            journal: try Self.journal(),
            control: AccessControl(), publishDesk: nil, authorizeDesk: nil, nodes: nil, hubWakeup: try Wakeup(),
            loops: [try LoopHandle()], descriptorLimit: 0)
        let poller = try Poller()
        try poller.add(signals.number, .readable, token: 0)
        try edge.listen()
        try edge.startLoops()
        self.edge = edge
        self.signals = signals
        self.poller = poller
    }

    /// Serves until TERM or INT comes.
    package mutating func run() {
        for listener in edge.listeners {
            edge.log.write(LogLine(.notice, "server.ready").with("listen", listener.address.description))
        }
        while !isTerminated() { _ = try? poller.wait(milliseconds: -1) }
        for listener in edge.listeners { listener.removeName() }
    }

    private func isTerminated() -> Bool {
        while let request = signals.next() {
            if case .terminate = request { return true }
        }
        return false
    }

    /// What the conformance tests need: whole messages of 16 MiB, in as many frames as they like.
    private static func configuration(_ address: Address) -> Configuration {
        var result = Configuration()
        result.addresses = [address]
        result.conversation = .echo
        result.origins = [.any]
        result.messageLimitBytes = 16 * 1_048_576
        result.fragmentLimit = .max
        result.frameRate = nil
        result.pingMilliseconds = 0
        return result
    }

    private static func journal() throws(SystemCallError) -> Journal {
        do throws(JournalOpeningError) {
            return try JournalWriter(.memory, limits: JournalLimits(), epoch: "echo", unix: 0, boot: "").journal
        } catch {
            switch error {
            case .failed(let error): throw error
            case .newer(let path): throw .inputOutput("open", path)
            }
        }
    }
}
