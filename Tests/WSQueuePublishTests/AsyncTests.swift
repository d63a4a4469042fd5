import Foundation
import Support
import Synchronization
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

    /// The last that begins lets all of them end: while a task that waits kept its thread, that one would never begin.
    @Test func `more tasks wait at once than there are threads for them`() async throws {
        try await withQueue { queue in
            let waiting = Waiting(try served(queue.directory))
            let receipts = try (0..<4 * ProcessInfo.processInfo.activeProcessorCount).map { _ in try queue.publish("a")
            }
            let outcomes = try await withThrowingTaskGroup(of: Delivery.self) { group in
                for receipt in receipts {
                    group.addTask {
                        if waiting.begins() == receipts.count {
                            for one in receipts { try FileManager.default.removeItem(atPath: one.path) }
                        }
                        return try await queue.wait(for: receipt, atMost: .seconds(60))
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(outcomes == receipts.map { _ in .done })
        }
    }

    /// Counts those that wait, on a queue that a server seems to hold.
    private final class Waiting: Sendable {
        private let count = Atomic(0)
        private let sign: FileHandle

        init(_ sign: FileHandle) { self.sign = sign }

        /// How many have begun.
        func begins() -> Int { count.add(1, ordering: .relaxed).newValue }
    }

    /// What makes publishers believe that a server holds a queue, for as long as it is open: without one they would not wait.
    private func served(_ directory: String) throws -> FileHandle {
        let path = "\(directory)/.server"
        try #require(mkfifo(path, 0o622) == 0)
        return FileHandle(fileDescriptor: open(path, O_RDONLY | O_NONBLOCK), closeOnDealloc: true)
    }

    private func withQueue(_ body: (Publisher) async throws -> Void) async throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "wsqueue-async-\(UUID())").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(atPath: path) }
        try await body(try Publisher(directory: path))
    }
}
