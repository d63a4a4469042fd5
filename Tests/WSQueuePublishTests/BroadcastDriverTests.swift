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

    @Test func `the environment chooses the driver`() throws {
        try withTemporaryDirectory { path in
            for (name, isFile) in [("spool", true), ("", true), ("log", false), ("null", false)] {
                let variables = ["WSQUEUE_DRIVER": name, "WSQUEUE_DIR": path]
                let driver: any BroadcastDriver = try EnvironmentDriver { variables[$0] }
                let before = try FileManager.default.contentsOfDirectory(atPath: path).count
                try driver.publish("a", payloadJSON: "1")
                #expect(try driver.publish(batch: [Event("b"), Event("c")])?.events == 2)
                let files = try FileManager.default.contentsOfDirectory(atPath: path).count - before
                #expect(files == (isFile ? 2 : 0))
            }
            let error = #expect(throws: PublishError.self) { try EnvironmentDriver { _ in "redis" } }
            #expect(error?.description.hasPrefix("WSQUEUE_DRIVER: \"redis\" is not spool, log or null; ") == true)
            let missing = #expect(throws: PublishError.self) {
                try EnvironmentDriver { $0 == "WSQUEUE_DIR" ? "\(path)/no" : nil }
            }
            #expect(missing?.reason.contains("\(path)/no: no such file") == true)
        }
        // None of the variables is set here, and beside the tests there is no queue; or one that is not to be written to.
        #expect((try? Self.name(of: .fromEnvironment)) ?? "spool" == "spool")
    }

    private static func name(of driver: EnvironmentDriver) -> String {
        switch driver {
        case .spool: "spool"
        case .log: "log"
        case .null: "null"
        }
    }

    @Test(arguments: [NullDriver(), LogDriver { _ in }] as [any BroadcastDriver])
    func `what could not be published is refused by those that publish nothing`(driver: any BroadcastDriver) {
        #expect(throws: PublishError.self) { try driver.publish("a", payloadJSON: "{") }
        #expect(throws: PublishError.self) { try driver.publish("", payloadJSON: "1") }
    }

    @Test func `a key, and its end, are published in every form`() throws {
        let recorder = Recorder()
        let driver: any BroadcastDriver = recorder
        try driver.publish("a", payloadJSON: Array("1".utf8), channels: ["c"], key: "k")
        try driver.publish("b", payloadJSON: "1", key: "k", clear: true)
        try driver.publish("c", payload: [1], key: "k")
        try driver.publish(JobProgress(payload: 57, key: "job:42"))
        try driver.publish(JobProgress(payload: 100, key: "job:42", clearsKey: true))
        let events = recorder.events.withLock { $0 }
        #expect(events.map(\.key) == ["k", "k", "k", "job:42", "job:42"])
        #expect(events.map(\.clearsKey) == [false, true, false, false, true])
        #expect(throws: PublishError.self) { try NullDriver().publish("a", clear: true) }
        #expect(throws: PublishError.self) { try NullDriver().publish("a", key: "") }
    }

    @Test func `a batch is one file with an event a line`() throws {
        try withTemporaryDirectory { path in
            let queue: any BroadcastDriver = try Publisher(directory: path)
            var first = Event("a", payload: Array("[1,\n 2]".utf8))
            first.key = "k"
            let receipt = try #require(try queue.publish(batch: [first, Event("b")]))
            #expect(receipt.events == 2 && receipt.path.hasSuffix("\(receipt.id).jsonl") && receipt.isNew)
            let text = try String(contentsOfFile: receipt.path, encoding: .utf8)
            let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
            #expect(lines.count == 3 && lines[2].isEmpty && text.utf8.count == receipt.sizeBytes)
            #expect(lines[0].hasPrefix("{\"event\":\"a\",\"payload\":[1,  2],") && lines[0].contains(",\"key\":\"k\""))
            #expect(lines[1].hasPrefix("{\"event\":\"b\","))
            try queue.publish(batch: [JobProgress(payload: 1, key: "x"), JobProgress(payload: 2, key: "y")])
            #expect(try FileManager.default.contentsOfDirectory(atPath: path).count == 2)
        }
    }

    @Test func `a batch with a wrong event, or with none, is no file`() throws {
        try withTemporaryDirectory { path in
            let queue = try Publisher(directory: path)
            let error = #expect(throws: PublishError.self) { try queue.publish(batch: [Event("a"), Event("")]) }
            #expect(error?.description.hasPrefix("event 2 of the batch: ") == true)
            #expect(try queue.publish(batch: []) == nil)
            let large = Event("a", payload: [UInt8](repeating: UInt8(ascii: " "), count: 1_000_000) + Array("1".utf8))
            let tooMuch = #expect(throws: PublishError.self) {
                try queue.publish(batch: Array(repeating: large, count: 68))
            }
            #expect(tooMuch?.kind == .refused(.size(limitBytes: 64 * 1_048_576)))
            #expect(try FileManager.default.contentsOfDirectory(atPath: path) == [])
        }
    }

    @Test func `a driver that knows no batches takes them one by one, or none where one is wrong`() throws {
        let recorder = Recorder()
        #expect(throws: PublishError.self) { try recorder.publish(batch: [Event("a"), Event("b", payload: [])]) }
        #expect(recorder.events.withLock { $0 }.isEmpty)
        #expect(try recorder.publish(batch: [Event("a"), Event("b")])?.events == 2)
        #expect(recorder.events.withLock { $0 }.map(\.name) == ["a", "b"])
        #expect(try recorder.publish(batch: []) == nil)
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
            let due = (Date().timeIntervalSince1970 + 365 * 86_400).rounded()
            let receipt = try queue.publish(Event("a"), atUnixSeconds: due)
            #expect(receipt.id.hasPrefix("at-\(Int(due))"))
            try queue.cancel(receipt.id)
            let error = #expect(throws: PublishError.self) { try queue.cancel(receipt.id) }
            #expect(error?.kind == .notFound)
        }
    }

    @Test(arguments: [nil, "invoice-10"])
    func `one that would wait longer than the server lets it is refused`(
        id: String?
    ) throws {
        try withTemporaryDirectory { path in
            let queue = try Publisher(directory: path)
            var event = Event("a")
            event.id = id
            for due in [4_000_000_000, Date().timeIntervalSince1970 + 367 * 86_400, .infinity] {
                let error = #expect(throws: PublishError.self) { try queue.publish(event, atUnixSeconds: due) }
                #expect(error?.kind == .refused(.tooFarAhead(limitDays: 366)))
                #expect(error?.description.contains("366 days") == true)
            }
            #expect(try FileManager.default.contentsOfDirectory(atPath: path).isEmpty)
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

    private struct JobProgress: BroadcastableEvent {
        static let eventName = "job.progress"
        let payload: Int
        let key: String?
        var clearsKey = false
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
