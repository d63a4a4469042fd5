internal import WSQueueBroker

/// Messages of clients, and the application's orders, on their way between nodes: those of this node to the others, and
/// those of other nodes to the loops here.
struct NodeCalls: Sendable {
    /// A message of another node's client that the loops here are handing out, or an order that they carry out.
    private struct Call {
        let node: Int64
        let ticket: UInt64
        let isOrder: Bool
        var tally = Tally()
        var loopsLeft: Int
    }

    private var abroad = CallsAbroad()
    private var foreign: [UInt64: Call] = [:]
    private var lastTicket: UInt64 = 0

    /// When the sender of a message need not wait any longer; `.max` is never.
    var dueAt: Int64 { abroad.dueAt }

    /// Notes a message of this node's client, or an order; see ``CallsAbroad/add(loop:ticket:isOrder:nodes:now:)``.
    mutating func add(
        loop: Int, ticket: UInt64, isOrder: Bool = false, nodes: Set<Int64>, now: Int64
    ) -> UInt64 {
        abroad.add(loop: loop, ticket: ticket, isOrder: isOrder, nodes: nodes, now: now)
    }

    /// Notes what another node has answered.
    mutating func passed(_ ticket: UInt64, by node: Int64, _ tally: Tally) -> CallsAbroad.Answer? {
        abroad.passed(ticket, by: node, tally)
    }

    /// Another node will hand out nothing more.
    mutating func lose(_ node: Int64) -> [CallsAbroad.Answer] { abroad.lose(node) }

    /// What has waited long enough.
    mutating func expired(now: Int64) -> [CallsAbroad.Answer] { abroad.expired(now: now) }

    /// All that wait: no other node can be heard any more.
    mutating func takeAll() -> [CallsAbroad.Answer] { abroad.takeAll() }

    /// Notes a message of another node's client, or an order.
    ///
    /// - Parameter loops: How many loops answer, 1 or more.
    /// - Returns: The ticket by which the loops answer.
    mutating func addForeign(from node: Int64, _ ticket: UInt64, isOrder: Bool = false, loops: Int) -> UInt64 {
        lastTicket += 1
        foreign[lastTicket] = Call(node: node, ticket: ticket, isOrder: isOrder, loopsLeft: loops)
        return lastTicket
    }

    /// Notes what a loop has answered.
    ///
    /// - Returns: What the other node is told, once all loops have.
    mutating func passedForeign(_ ticket: UInt64, _ tally: Tally) -> NodeMessage.Body? {
        guard var call = foreign[ticket] else { return nil }
        call.tally.add(tally)
        call.loopsLeft -= 1
        foreign[ticket] = call.loopsLeft == 0 ? nil : call
        guard call.loopsLeft == 0 else { return nil }
        return call.isOrder
            ? .answered(to: call.node, ticket: call.ticket, call.tally)
            : .passed(to: call.node, ticket: call.ticket, count: call.tally.count)
    }
}
