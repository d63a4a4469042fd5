internal import Synchronization
internal import WSQueueRedis

/// Gives connection ids that were never given before, in this process or by another node. All loops share it.
final class ConnectionNumbers: Sendable {
    private let last = Atomic<Int64>(0)
    private let nodes: NodeDesk?

    init(_ nodes: NodeDesk?) { self.nodes = nodes }

    func next() -> Int64 { (nodes?.connectionBase ?? 0) + last.add(1, ordering: .relaxed).newValue }
}
