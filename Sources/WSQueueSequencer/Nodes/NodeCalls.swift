internal import WSQueueBroker

/// Messages of clients on their way between nodes: those of this node's clients to the others, and those of other nodes'
/// clients to the loops here.
struct NodeCalls: Sendable {
    /// A message of another node's client that the loops here are handing out.
    private struct Call {
        let node: Int64
        let ticket: UInt64
        var count = 0
        var loopsLeft: Int
    }

    private var abroad = CallsAbroad()
    private var foreign: [UInt64: Call] = [:]
    private var lastTicket: UInt64 = 0

    /// When the sender of a message need not wait any longer; `.max` is never.
    var dueAt: Int64 { abroad.dueAt }

    /// Notes a message of this node's client; see ``CallsAbroad/add(loop:ticket:nodes:now:)``.
    mutating func add(loop: Int, ticket: UInt64, nodes: Set<Int64>, now: Int64) -> UInt64 {
        abroad.add(loop: loop, ticket: ticket, nodes: nodes, now: now)
    }

    /// Notes to how many clients another node has handed it.
    mutating func passed(_ ticket: UInt64, by node: Int64, count: Int) -> CallsAbroad.Answer? {
        abroad.passed(ticket, by: node, count: count)
    }

    /// Another node will hand out nothing more.
    mutating func lose(_ node: Int64) -> [CallsAbroad.Answer] { abroad.lose(node) }

    /// What has waited long enough.
    mutating func expired(now: Int64) -> [CallsAbroad.Answer] { abroad.expired(now: now) }

    /// All that wait: no other node can be heard any more.
    mutating func takeAll() -> [CallsAbroad.Answer] { abroad.takeAll() }

    /// Notes a message of another node's client.
    ///
    /// - Parameter loops: How many loops hand it out, 1 or more.
    /// - Returns: The ticket by which the loops answer.
    mutating func addForeign(from node: Int64, _ ticket: UInt64, loops: Int) -> UInt64 {
        lastTicket += 1
        foreign[lastTicket] = Call(node: node, ticket: ticket, loopsLeft: loops)
        return lastTicket
    }

    /// Notes to how many clients a loop has handed it.
    ///
    /// - Returns: What the other node is told, once all loops have.
    mutating func passedForeign(_ ticket: UInt64, count: Int) -> NodeMessage.Body? {
        guard var call = foreign[ticket] else { return nil }
        call.count += count
        call.loopsLeft -= 1
        foreign[ticket] = call.loopsLeft == 0 ? nil : call
        return call.loopsLeft == 0 ? .passed(to: call.node, ticket: call.ticket, count: call.count) : nil
    }
}
