import Foundation
import Support
import Testing
import WSQueuePublish
import WSQueuePublishEncodable
import WSQueueSystem

struct BroadcastDriverTests {
    @Test func `one application publishes by any driver`() throws {
        try withTemporaryDirectory { path in
            let recorder = Recorder()
            let lines = Guarded<[String]>([])
            let log = LogDriver { line in lines.withLock { $0.append(line) } }
            for driver in [try Publisher(directory: path), recorder, log, NullDriver()] as [any BroadcastDriver] {
                let application = Application(events: driver)
                try application.order(7)
            }
            let files = try FileManager.default.contentsOfDirectory(atPath: path)
            try #require(files.count == 1)
            let text = try String(contentsOfFile: "\(path)/\(files[0])", encoding: .utf8)
            #expect(text.hasPrefix("{\"event\":\"order.created\",\"payload\":{\"id\":7},"))
            let written = lines.withLock { $0 }
            #expect(written.count == 1 && written[0].hasPrefix("{\"event\":\"order.created\",\"payload\":{\"id\":7},"))
            let recorded = recorder.events.withLock { $0 }
            #expect(recorded.map(\.channels) == [["orders"]])
        }
    }

    @Test(arguments: [NullDriver(), LogDriver { _ in }] as [any BroadcastDriver])
    func `what could not be published is refused by those that publish nothing`(driver: any BroadcastDriver) {
        #expect(throws: PublishError.self) { try driver.publish("a", payloadJSON: "{") }
        #expect(throws: PublishError.self) { try driver.publish("", payloadJSON: "1") }
    }

    @Test func `an event is held, released and waited for through the library`() throws {
        try withTemporaryDirectory { path in
            let queue = try Publisher(directory: path)
            let held = try queue.hold(Event("a"))
            #expect(try FileManager.default.contentsOfDirectory(atPath: path) == [".held-\(held.id).json"])
            let released = try queue.release(held.id)
            #expect(held.id == "\(released.id).\(try #require(held.id.split(separator: ".").last))")
            #expect(throws: PublishError.self) { try queue.abort(held.id) }
            #expect(try queue.wait(for: released, atMost: .zero) == .noServer)
            try FileManager.default.removeItem(atPath: released.path)
            #expect(try queue.wait(for: released, atMost: .zero) == .done)
        }
    }

    @Test func `an event is published and waited for in one call, also under an id that waits already`() throws {
        try withTemporaryDirectory { path in
            let queue = try Publisher(directory: path)
            var event = Event("a")
            event.id = "k"
            for isNew in [true, false] {
                let (receipt, delivery) = try queue.publish(event, waitingAtMost: .zero)
                #expect(receipt.isNew == isNew && delivery == .noServer)
            }
            #expect(throws: PublishError.self) { try queue.publish(Event(""), waitingAtMost: .zero) }
        }
    }

    @Test func `an event for later is taken back`() throws {
        try withTemporaryDirectory { path in
            let queue = try Publisher(directory: path)
            let receipt = try queue.publish(Event("a"), atUnixSeconds: 9_000_000_000)
            #expect(receipt.id.hasPrefix("at-9000000000"))
            try queue.cancel(receipt.id)
            let error = #expect(throws: PublishError.self) { try queue.cancel(receipt.id) }
            #expect(error?.kind == .notFound)
        }
    }

    /// Part of a program that knows nothing of directories.
    private struct Application: Sendable {
        let events: any BroadcastDriver

        func order(_ id: Int) throws { try events.publish(OrderCreated(payload: ["id": id])) }
    }

    private struct OrderCreated: BroadcastableEvent {
        static let eventName = "order.created"
        let payload: [String: Int]
        var channels: [String] { ["orders"] }
    }

    /// A driver of one's own.
    private final class Recorder: BroadcastDriver {
        let events = Guarded<[Event]>([])

        func publish(_ event: Event) throws(PublishError) -> Receipt {
            events.withLock { $0.append(event) }
            return Receipt(id: event.id ?? "")
        }
    }
}
