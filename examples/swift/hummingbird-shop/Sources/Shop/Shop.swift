// A Hummingbird application that tells every browser of a new order: POST /orders {"id":7,"customer":"Bob"}.
// swift run Shop DIRECTORY PORT; publishing works with the server of the queue down, too.
import Hummingbird
import WSQueuePublish
import WSQueuePublishEncodable

struct Order: Codable, Sendable {
    let id: Int
    let customer: String
}

struct OrderCreated: BroadcastableEvent {
    static let eventName = "order.created"
    let payload: Order
    var channels: [String] { ["orders"] }
}

@main
enum Shop {
    static func main() async throws {
        let events = try Publisher(directory: CommandLine.arguments[1])
        let port = Int(CommandLine.arguments[2]) ?? 8080
        let router = Router()
        router.post("orders") { request, context -> HTTPResponse.Status in
            let order = try await request.decode(as: Order.self, context: context)
            // A file is written and renamed: no connection, and no wait for a server.
            try events.publish(OrderCreated(payload: order))
            return .created
        }
        let application = Application(
            router: router, configuration: .init(address: .hostname("127.0.0.1", port: port)))
        try await application.runService()
    }
}
