// A request handler that publishes: a CGI program that takes an order as JSON and tells every browser of it. What is
// here of HTTP is the least there can be; in a server the handler is the function `handle`.
import Foundation
import WSQueuePublish
import WSQueuePublishEncodable

struct Order: Codable, Sendable {
    let id: Int
    let customer: String
}

/// Says itself how it is published.
struct OrderCreated: BroadcastableEvent {
    static let eventName = "order.created"
    let payload: Order
    var channels: [String] { ["orders"] }
}

/// Knows no directory: the application decides where its events go.
struct OrderHandler: Sendable {
    let events: any BroadcastDriver

    func handle(_ body: Data) -> (status: String, text: String) {
        guard let order = try? JSONDecoder().decode(Order.self, from: body) else {
            return ("400 Bad Request", "an order is wanted")
        }
        do {
            let receipt = try events.publish(OrderCreated(payload: order))
            return ("201 Created", receipt.id)
        } catch {
            // The order stands; that nobody was told is for the log.
            FileHandle.standardError.write(Data("\(error)\n".utf8))
            return ("201 Created", "")
        }
    }
}

@main
enum Program {
    static func main() throws {
        // WSQUEUE_DRIVER: spool, into the queue, or for development log or null.
        let events: any BroadcastDriver = try .fromEnvironment
        let body = FileHandle.standardInput.readDataToEndOfFile()
        let answer = OrderHandler(events: events).handle(body)
        print("Status: \(answer.status)\r\nContent-Type: text/plain\r\n\r\n\(answer.text)")
    }
}
