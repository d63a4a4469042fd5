internal import Synchronization
internal import WSQueueCore
internal import WSQueueNet
package import WSQueueOperation
package import WSQueueSpool
package import WSQueueSystem
package import WSQueueWire

/// Writes the events that come by HTTP into the queue, on a thread of its own: a disk that takes its time keeps no client
/// waiting.
package final class PublishDesk: Sendable {
    /// A body that came whole, and who waits for the answer.
    package struct Order: Sendable {
        let body: [UInt8]
        let form: PublishForm
        /// Whose it is: `http:` and the line of the token, or `client:` and the user.
        let publisher: String
        /// Held until it is in the queue.
        let share: PublishRoom.Share?
        package let loop: Int
        /// The connection's token on its loop.
        package let token: UInt64
        /// What the answer says besides.
        let fields: [Response.Field]
        /// The event's id, if it is a client's message; `nil` for what comes by HTTP.
        package let messageID: String?

        package init(
            body: [UInt8], form: PublishForm, publisher: String, share: PublishRoom.Share?, loop: Int,
            token: UInt64, fields: [Response.Field]
        ) {
            self.body = body
            self.form = form
            self.publisher = publisher
            self.share = share
            self.loop = loop
            self.token = token
            self.fields = fields
            messageID = nil
        }

        /// A client's message.
        ///
        /// - Parameters:
        ///   - id: The event's.
        ///   - publisher: Whose it is, such as `client:42`.
        package init(message body: [UInt8], id: String, publisher: String, loop: Int, token: UInt64) {
            self.body = body
            form = .event
            self.publisher = publisher
            share = nil
            self.loop = loop
            self.token = token
            fields = []
            messageID = id
        }
    }

    /// How many bytes of clients' messages may wait for the disk: any number of clients may send some.
    private static let waitingLimitBytes = 16_777_216

    private let worker: Worker<Order, Never>
    private let names: SpoolNameSource
    /// The memory for batches that are read or wait to be written.
    package let room = PublishRoom(limitBytes: 128 * 1_048_576)
    private let waitingBytes = Atomic<Int>(0)

    /// Makes a desk whose thread has not started.
    ///
    /// - Parameter names: Gives the files theirs.
    package init(names: SpoolNameSource = .process) throws(SystemCallError) {
        self.names = names
        worker = try Worker(name: "wsq-publish")
    }

    /// Starts the thread, once.
    ///
    /// - Parameters:
    ///   - eventLimitBytes: How long each event may be.
    ///   - answer: Brings the answer to an order to its loop.
    package func start(
        queuePath: String, eventLimitBytes: Int, log: Log, answer: @escaping @Sendable (Order, Response) -> Void
    ) throws(SystemCallError) {
        try worker.start(carryingOut: { [self] order in
            defer { if order.messageID != nil { waitingBytes.subtract(order.body.count, ordering: .relaxed) } }
            answer(order, publish(order, queuePath, eventLimitBytes: eventLimitBytes, log))
            return nil
        })
    }

    /// Gives the thread an event to write.
    package func post(_ order: Order) { worker.post(order) }

    /// Gives the thread a client's message to write.
    ///
    /// - Returns: Whether there is room for it.
    package func postMessage(_ order: Order) -> Bool {
        let count = order.body.count
        guard waitingBytes.add(count, ordering: .relaxed).newValue <= Self.waitingLimitBytes else {
            waitingBytes.subtract(count, ordering: .relaxed)
            return false
        }
        worker.post(order)
        return true
    }

    /// Checks a body, here and not on a loop: a batch may be large.
    private func publish(
        _ order: Order, _ queuePath: String, eventLimitBytes: Int, _ log: Log
    ) -> Response {
        do throws(PublishBody.Refusal) {
            return write(try PublishBody(order.body, order.form, limitBytes: eventLimitBytes), order, queuePath, log)
        } catch {
            return Response(
                .badRequest, fields: [.init("Content-Type", "application/json")] + order.fields,
                body: ServerMessage.publishRefused(error.reason, offset: error.offset, line: error.line)
                    + Array("\n".utf8))
        }
    }

    /// The file appears as any publisher's does: hidden, whole, renamed. Its name says whose it is, so that the next server
    /// knows it too.
    private func write(
        _ body: PublishBody, _ order: Order, _ queuePath: String, _ log: Log
    ) -> Response {
        do {
            let writer = SpoolWriter(
                try Directory.openUnlisted(queuePath), names: names, claim: SpoolClaim(order.publisher) ?? .none)
            let contents = body.contents.span
            let stem = try writer.write(contents, suffix: body.batchCount == nil ? .event : .batch)
            let own = body.batchCount == nil ? try? EventText.decode(contents).idLabel(in: contents)?.text : nil
            return Response(
                .accepted, fields: [.init("Content-Type", "application/json")] + order.fields,
                body: ServerMessage.published(id: own ?? stem.description, events: body.batchCount)
                    + Array("\n".utf8))
        } catch {
            log.write(LogLine(.error, "publish.failed").with("error", "\(error)"))
            return Response(
                .serviceUnavailable, advice: "The queue cannot be written now. Try again later.",
                fields: [.init("Retry-After", "1")] + order.fields)
        }
    }
}
