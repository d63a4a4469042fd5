internal import WSQueueCore
internal import WSQueueOperation
internal import WSQueueRoutes
internal import WSQueueSession
internal import WSQueueWire

/// Messages of one loop's clients that are published as events, where a rule says so.
struct KeptMessages {
    private let index: Int
    /// Writes them; `nil` where no rule can say so.
    private let desk: PublishDesk?
    private let counters: ClientCounters
    private let limitBytes: Int

    private static let unavailable = ClientError(
        "The message cannot be kept now. Try again later.", code: "unavailable")

    init(_ index: Int, _ desk: PublishDesk?, _ counters: ClientCounters, limitBytes: Int) {
        self.index = index
        self.counters = counters
        self.desk = desk
        self.limitBytes = limitBytes
    }

    /// Has a client's message written into the queue; it is told when it is there.
    func keep(_ message: [UInt8], channel: String, by user: Label, _ slot: Int, _ delivery: inout Delivery) {
        do throws(ClientError) {
            let order = try KeptMessage.order(
                message, channel, by: user, loop: index, from: delivery.connections.token(of: slot),
                limitBytes: limitBytes)
            guard let desk, desk.postMessage(order) else { throw Self.unavailable }
            counters.messages.add()
            delivery.awaitAnswer(slot)
        } catch {
            delivery.oweText(ServerMessage.error(error), slot)
        }
    }

    /// A client's message is in the queue, or could not be put there.
    ///
    /// - Parameters:
    ///   - id: The event's.
    ///   - token: Of the client's connection.
    /// - Returns: The client's slot: it is heard again.
    static func tell(_ id: String, isKept: Bool, _ token: UInt64, _ delivery: inout Delivery) -> Int? {
        guard let slot = delivery.connections.slot(of: token), delivery.connections.standing(of: slot).isReceiving
        else { return nil }
        delivery.oweText(isKept ? ServerMessage.messageSent(id: id) : ServerMessage.error(unavailable), slot)
        return slot
    }
}
