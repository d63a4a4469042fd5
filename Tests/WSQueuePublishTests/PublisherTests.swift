import Foundation
import Support
import Testing
import WSQueuePublish
import WSQueuePublishEncodable
import WSQueueSystem

struct PublisherTests {
    @Test func `an event lies in the directory as one JSON object with its id as name`() throws {
        try withTemporaryDirectory { path in
            let receipt = try Publisher(directory: path).publish("a.b", payloadJSON: "{\"x\": 1.0}", channels: ["c"])
            #expect(receipt.path == "\(path)/\(receipt.id).json")
            #expect(receipt.events == 1)
            let text = try String(contentsOfFile: receipt.path, encoding: .utf8)
            #expect(text.utf8.count == receipt.sizeBytes)
            #expect(text.hasPrefix("{\"event\":\"a.b\",\"payload\":{\"x\": 1.0},\"timestamp\":"))
            #expect(text.hasSuffix(",\"channels\":[\"c\"]}\n"))
            #expect(try JSONSerialization.jsonObject(with: Data(text.utf8)) is [String: Any])
        }
    }

    @Test func `an event without a payload has the payload null`() throws {
        try withTemporaryDirectory { path in
            let receipt = try Publisher(directory: path).publish("cache.cleared")
            #expect(try String(contentsOfFile: receipt.path, encoding: .utf8).contains("\"payload\":null,"))
        }
    }

    @Test func `the id of an event that has one is the receipt's`() throws {
        try withTemporaryDirectory { path in
            var event = Event("a")
            event.id = "order-7"
            let receipt = try Publisher(directory: path).publish(event)
            #expect(receipt.id == "order-7")
        }
    }

    @Test func `threads that share a publisher lose nothing and each keeps its order`() throws {
        try withTemporaryDirectory { path in
            let publisher = try Publisher(directory: path)
            DispatchQueue.concurrentPerform(iterations: 8) { thread in
                for number in 0..<200 {
                    #expect(throws: Never.self) {
                        try publisher.publish("t\(thread)", payloadJSON: "\(number)")
                    }
                }
            }
            let names = try FileManager.default.contentsOfDirectory(atPath: path).sorted()
            #expect(names.count == 1_600)
            var last = Array(repeating: -1, count: 8)
            for name in names {
                let event = try JSONDecoder().decode(
                    Numbered.self, from: Data(contentsOf: URL(filePath: "\(path)/\(name)")))
                let thread = try #require(Int(event.event.dropFirst()))
                try #require(last.indices.contains(thread))
                #expect(event.payload == last[thread] + 1)
                last[thread] = event.payload
            }
        }
    }

    @Test func `a publisher outlives the replacement of its directory`() throws {
        try withTemporaryDirectory { path in
            let queue = "\(path)/queue"
            try FileManager.default.createDirectory(atPath: queue, withIntermediateDirectories: false)
            let publisher = try Publisher(directory: queue)
            try FileManager.default.moveItem(atPath: queue, toPath: "\(path)/old")
            try FileManager.default.createDirectory(atPath: queue, withIntermediateDirectories: false)
            try publisher.publish("a")
            #expect(try FileManager.default.contentsOfDirectory(atPath: queue).count == 1)
            #expect(try FileManager.default.contentsOfDirectory(atPath: "\(path)/old").isEmpty)
        }
    }

    @Test(arguments: [0, 0o200, 0o333] as [UInt32])
    func `a mode with which no server could read the event is refused`(mode: UInt32) throws {
        try withTemporaryDirectory { path in
            var settings = Publisher.Settings()
            settings.mode = mode
            let error = #expect(throws: PublishError.self) { try Publisher(directory: path, settings: settings) }
            #expect(error?.kind == .cannotCreate && error?.reason.hasSuffix(String(mode, radix: 8)) == true)
        }
    }

    @Test(arguments: [0o400, 0o600, 0o040, 0o444] as [UInt32])
    func `the server may be the same user, or one of the group`(mode: UInt32) throws {
        try withTemporaryDirectory { path in
            var settings = Publisher.Settings()
            settings.mode = mode
            let receipt = try Publisher(directory: path, settings: settings).publish("a")
            let attributes = try FileManager.default.attributesOfItem(atPath: receipt.path)
            #expect((attributes[.posixPermissions] as? NSNumber)?.uint32Value == mode)
        }
    }

    @Test func `what is not acceptable is refused before the directory is touched`() throws {
        let nowhere = Publisher(uncheckedDirectory: "/nonexistent", settings: Publisher.Settings())
        expect(.refused(.name("")), from: nowhere, Event(""))
        expect(.refused(.channel("a b")), from: nowhere, with("a b"))
        var small = Publisher.Settings()
        small.limitBytes = 100
        let narrow = Publisher(uncheckedDirectory: "/nonexistent", settings: small)
        expect(.refused(.size(limitBytes: 100)), from: narrow, Event("a", payload: Array(repeating: 0x31, count: 60)))
        expect(.refused(.size(limitBytes: 100)), from: narrow, Event("a", payload: Array(repeating: 0x31, count: 101)))
        let error = #expect(throws: PublishError.self) { try nowhere.publish("a", payloadJSON: "[1,") }
        #expect(error?.description.hasPrefix("the payload is not JSON: ") == true)
        #expect(error?.description.hasSuffix(", at byte 3") == true)
    }

    @Test func `Encodable payloads and events that know themselves are published as JSON`() throws {
        try withTemporaryDirectory { path in
            let publisher = try Publisher(directory: path)
            let first = try publisher.publish("order.created", payload: Order(id: 7, url: "a/b"), channels: ["o"])
            let second = try publisher.publish(OrderCreated(payload: Order(id: 8, url: "c")))
            let texts = try [first, second].map { try String(contentsOfFile: $0.path, encoding: .utf8) }
            #expect(texts[0].contains("a/b"))
            for (text, id) in zip(texts, [7, 8]) {
                let event = try JSONDecoder().decode(OrderEvent.self, from: Data(text.utf8))
                #expect(event.event == "order.created" && event.payload.id == id && event.channels == ["o"])
            }
        }
    }

    @Test func `a value of which no JSON can be made is refused`() throws {
        try withTemporaryDirectory { path in
            let publisher = try Publisher(directory: path)
            let error = #expect(throws: PublishError.self) { try publisher.publish("a", payload: Double.nan) }
            #expect(error?.reason.hasPrefix("the payload cannot be encoded as JSON") == true)
            #expect(try FileManager.default.contentsOfDirectory(atPath: path).isEmpty)
        }
    }

    private func with(_ channel: String) -> Event {
        var event = Event("a")
        event.channels = [channel]
        return event
    }

    private func expect(_ kind: PublishError.Kind, from publisher: Publisher, _ event: Event) {
        let error = #expect(throws: PublishError.self) { try publisher.publish(event) }
        #expect(error?.kind == kind)
    }

    private struct Numbered: Decodable {
        let event: String
        let payload: Int
    }

    private struct Order: Codable {
        let id: Int
        let url: String
    }

    private struct OrderEvent: Decodable {
        let event: String
        let payload: Order
        let channels: [String]
    }

    private struct OrderCreated: BroadcastableEvent {
        static let eventName = "order.created"
        let payload: Order
        var channels: [String] { ["o"] }
    }
}
