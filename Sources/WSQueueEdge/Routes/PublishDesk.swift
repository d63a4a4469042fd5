internal import Synchronization
internal import WSQueueCore
internal import WSQueueNet
internal import WSQueueOperation
internal import WSQueueSpool
package import WSQueueSystem
internal import WSQueueWire

/// Writes the events that come by HTTP into the queue, on a thread of its own: a disk that takes its time keeps no client
/// waiting.
package final class PublishDesk: Sendable {
    /// An event that was checked, and who waits for the answer.
    struct Order: Sendable {
        let body: [UInt8]
        let loop: Int
        /// The connection's token on its loop.
        let token: UInt64
        /// What the answer says besides.
        let fields: [Response.Field]
    }

    private let wakeup: Wakeup
    private let mailbox: Mailbox<Order>
    private let isStarted = Atomic<Bool>(false)

    /// Makes a desk where nobody sits.
    package init() throws(SystemCallError) {
        wakeup = try Wakeup()
        mailbox = Mailbox(wakeup: wakeup)
    }

    /// Starts the thread, once.
    func start(_ context: LoopContext) throws(SystemCallError) {
        guard !isStarted.exchange(true, ordering: .relaxed) else { return }
        let poller = try Poller()
        try poller.add(wakeup.number, .readable, token: 0)
        let first = Guarded<Poller?>(poller)
        _ = try LoopThread(name: "wsq-publish") { [self] in
            guard var poller = first.withLock({ $0.take() }) else { return }
            while true {
                wakeup.willSleep()
                _ = try? poller.wait(milliseconds: mailbox.isEmpty ? -1 : 0)
                wakeup.didWake()
                wakeup.clear()
                for order in mailbox.take() {
                    let answer = Self.write(order, context)
                    context.loops[order.loop].mailbox.post(.answer(answer, token: order.token))
                }
            }
        }
    }

    /// Puts an event where the thread finds it.
    func post(_ order: Order) { mailbox.post(order) }

    /// The file appears as any publisher's does: hidden, whole, renamed.
    private static func write(_ order: Order, _ context: LoopContext) -> Response {
        do {
            let writer = SpoolWriter(try Directory.openUnlisted(context.configuration.queuePath))
            let stem = try writer.write(order.body.span, suffix: .event)
            let own = try? EventText.decode(order.body.span).idLabel(in: order.body.span)?.text
            return Response(
                .accepted, fields: [.init("Content-Type", "application/json")] + order.fields,
                body: ServerMessage.published(id: own ?? stem.description) + Array("\n".utf8))
        } catch {
            context.log.write(LogLine(.error, "publish.failed").with("error", "\(error)"))
            return Response(
                .serviceUnavailable, advice: "The queue cannot be written now. Try again later.",
                fields: [.init("Retry-After", "1")] + order.fields)
        }
    }
}
