internal import WSQueueCore

/// Messages of this node's clients, and the application's orders, that other nodes have not all answered.
package struct CallsAbroad: Sendable {
    /// What other nodes have answered: how many of their clients have got a message, for one.
    package struct Answer: Equatable, Sendable {
        /// By which the caller knows it.
        package let loop: Int
        package let ticket: UInt64
        package let tally: Tally
        /// Whether it is the answer to an order.
        package let isOrder: Bool

        package init(loop: Int, ticket: UInt64, tally: Tally, isOrder: Bool = false) {
            self.isOrder = isOrder
            self.loop = loop
            self.ticket = ticket
            self.tally = tally
        }
    }

    private struct Call {
        let loop: Int
        let ticket: UInt64
        let isOrder: Bool
        let deadline: Int64
        var waitingFor: Set<Int64>
        var tally = Tally()

        var answer: Answer {
            var tally = tally
            if !waitingFor.isEmpty { tally.add(Tally(isComplete: false)) }
            return Answer(loop: loop, ticket: ticket, tally: tally, isOrder: isOrder)
        }
    }

    /// How long the sender waits for nodes that do not answer.
    package static let limitNanoseconds: Int64 = 1_000_000_000

    private var calls: [UInt64: Call] = [:]
    /// The calls in their order; some may have been answered.
    private var order = Fifo<UInt64>()
    private var lastTicket: UInt64 = 0

    package init() {}

    /// When somebody need not wait any longer; `.max` is never.
    package var dueAt: Int64 { order.first.flatMap { calls[$0]?.deadline } ?? .max }

    /// Notes a message or an order.
    ///
    /// - Parameters:
    ///   - nodes: Who answers, one or more.
    /// - Returns: By what the other nodes name it.
    package mutating func add(
        loop: Int, ticket: UInt64, isOrder: Bool = false, nodes: Set<Int64>, now: Int64
    ) -> UInt64 {
        lastTicket += 1
        calls[lastTicket] = Call(
            loop: loop, ticket: ticket, isOrder: isOrder, deadline: now + Self.limitNanoseconds, waitingFor: nodes)
        order.append(lastTicket)
        return lastTicket
    }

    /// Notes what a node has answered.
    ///
    /// - Returns: The sum, once all have.
    package mutating func passed(_ ticket: UInt64, by node: Int64, _ tally: Tally) -> Answer? {
        guard var call = calls[ticket], call.waitingFor.remove(node) != nil else { return nil }
        call.tally.add(tally)
        calls[ticket] = call.waitingFor.isEmpty ? nil : call
        removeAnswered()
        return call.waitingFor.isEmpty ? call.answer : nil
    }

    /// A node will hand out nothing more.
    package mutating func lose(_ node: Int64) -> [Answer] {
        order.elements.compactMap { passed($0, by: node, Tally(isComplete: false)) }
    }

    /// What has waited long enough.
    package mutating func expired(now: Int64) -> [Answer] {
        var answers: [Answer] = []
        while let ticket = order.first, let call = calls[ticket], call.deadline <= now {
            answers.append(call.answer)
            calls[ticket] = nil
            removeAnswered()
        }
        return answers
    }

    /// Takes all that wait: no other node can be heard any more.
    package mutating func takeAll() -> [Answer] {
        defer {
            calls = [:]
            order.removeAll()
        }
        return order.elements.compactMap { calls[$0]?.answer }
    }

    private mutating func removeAnswered() {
        while let ticket = order.first, calls[ticket] == nil { order.popFirst() }
    }
}
