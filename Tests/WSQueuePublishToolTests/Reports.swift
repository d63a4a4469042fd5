import WSQueueSystem

/// What a command has told people.
final class Reports: Sendable {
    private let state = Guarded<[String]>([])
    private let react: @Sendable (String) -> Void

    init(_ react: @escaping @Sendable (String) -> Void = { _ in }) { self.react = react }

    var lines: [String] { state.withLock { $0 } }

    func take(_ line: String) {
        state.withLock { $0.append(line) }
        react(line)
    }
}
