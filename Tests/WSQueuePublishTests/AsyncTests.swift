import Foundation
import Support
import Testing
import WSQueuePublish
import WSQueuePublishAsync

struct AsyncTests {
    @Test func `a task waits until the event's file has gone`() async throws {
        try await withQueue { queue in
            let receipt = try queue.publish("a", payloadJSON: "1")
            let task = Task { try await queue.wait(for: receipt, atMost: .seconds(60)) }
            try FileManager.default.removeItem(atPath: receipt.path)
            #expect(try await task.value == .done)
        }
    }

    @Test func `without a server it waits no longer than it is told to`() async throws {
        try await withQueue { queue in
            let (receipt, delivery) = try await queue.publish(Event("a"), waitingAtMost: .milliseconds(1))
            #expect(delivery == .noServer && FileManager.default.fileExists(atPath: receipt.path))
            let error = await #expect(throws: PublishError.self) {
                try await queue.publish(Event(""), waitingAtMost: .seconds(1))
            }
            #expect(error?.kind != .publishedUnsafely)
        }
    }

    @Test func `a task that is cancelled waits no longer`() async throws {
        try await withQueue { queue in
            let task = Task { try await queue.publish(Event("a"), waitingAtMost: .seconds(3_600)).delivery }
            task.cancel()
            // Within the second after which no server is waited for, or after it.
            let delivery = try await task.value
            #expect([.stillQueued, .noServer].contains(delivery))
        }
    }

    private func withQueue(_ body: (Publisher) async throws -> Void) async throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "wsqueue-async-\(UUID())").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(atPath: path) }
        try await body(try Publisher(directory: path))
    }
}
