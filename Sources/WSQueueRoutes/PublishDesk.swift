internal import WSQueueCore
internal import WSQueueNet
package import WSQueueOperation
internal import WSQueueSpool
package import WSQueueSystem
package import WSQueueWire

/// Writes the events that come by HTTP into the queue, on a thread of its own: a disk that takes its time keeps no client
/// waiting.
package final class PublishDesk: Sendable {
    /// An event that was checked, and who waits for the answer.
    package struct Order: Sendable {
        let body: [UInt8]
        package let loop: Int
        /// The connection's token on its loop.
        package let token: UInt64
        /// What the answer says besides.
        let fields: [Response.Field]

        package init(body: [UInt8], loop: Int, token: UInt64, fields: [Response.Field]) {
            self.body = body
            self.loop = loop
            self.token = token
            self.fields = fields
        }
    }

    private let worker: Worker<Order, Never>

    /// Makes a desk whose thread has not started.
    package init() throws(SystemCallError) { worker = try Worker(name: "wsq-publish") }

    /// Starts the thread, once.
    ///
    /// - Parameter answer: Brings the answer to an order to its loop.
    package func start(
        queuePath: String, log: Log, answer: @escaping @Sendable (Order, Response) -> Void
    ) throws(SystemCallError) {
        try worker.start(carryingOut: { order in
            answer(order, Self.write(order, queuePath, log))
            return nil
        })
    }

    /// Gives the thread an event to write.
    package func post(_ order: Order) { worker.post(order) }

    /// The file appears as any publisher's does: hidden, whole, renamed.
    private static func write(_ order: Order, _ queuePath: String, _ log: Log) -> Response {
        do {
            let writer = SpoolWriter(try Directory.openUnlisted(queuePath))
            let stem = try writer.write(order.body.span, suffix: .event)
            let own = try? EventText.decode(order.body.span).idLabel(in: order.body.span)?.text
            return Response(
                .accepted, fields: [.init("Content-Type", "application/json")] + order.fields,
                body: ServerMessage.published(id: own ?? stem.description) + Array("\n".utf8))
        } catch {
            log.write(LogLine(.error, "publish.failed").with("error", "\(error)"))
            return Response(
                .serviceUnavailable, advice: "The queue cannot be written now. Try again later.",
                fields: [.init("Retry-After", "1")] + order.fields)
        }
    }
}
