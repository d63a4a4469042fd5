import Foundation
import Glibc
import Support
import Synchronization
import Testing
import WSQueueLog
import WSQueueSystem

/// What is on the disk, and what files still wait for.
extension JournalTests {
    @Test func `what files still wait for outlives the bounds`() throws {
        try withTemporaryDirectory { path in
            let hand = try Hand(path, limits: JournalLimits(events: 80))
            for _ in 0..<50 {
                hand.stage(4)
                #expect(try hand.commit(finished: 0).isEmpty)
            }
            #expect(hand.knows(1))
            let trimmed = hand.trim(finished: 30)
            #expect(trimmed.last == .trimmed(from: 13, to: 24, reason: "events"))
            #expect(!hand.knows(24))
            #expect(hand.knows(25))
        }
    }

    @Test func `there is something to bring to the disk after each commit, and once`() throws {
        try withTemporaryDirectory { path in
            let hand = try Hand(path)
            #expect(hand.takeUnsynced().isEmpty)
            try hand.write(1)
            let sync = hand.takeUnsynced()
            #expect(!sync.isEmpty)
            try sync.run()
            #expect(hand.takeUnsynced().isEmpty)
        }
    }

    @Test(arguments: [(1_000, 10_000), (3, 1_500_000)])
    func `what could not be brought to the disk is written again`(count: Int, padding: Int) throws {
        try withTemporaryDirectory { path in
            let hand = try Hand(path)
            try hand.write(count, padding: padding)
            let sync = hand.takeUnsynced()
            let failed = SystemCallFaults.failing(callNumber: 1, with: 5) { (try? sync.run()) == nil }
            #expect(failed.result && failed.didFail)
            // As a kernel does that drops what it could not write: the header's place is read as zeros, no record is.
            let url = try #require(
                try FileManager.default.contentsOfDirectory(
                    at: URL(fileURLWithPath: path), includingPropertiesForKeys: nil
                ).first { $0.lastPathComponent.hasPrefix("e") })
            let whole = try Data(contentsOf: url)
            let file = try FileHandle(forWritingTo: url)
            try file.write(contentsOf: Data(count: 64))
            try file.close()
            try sync.run()
            #expect(try Data(contentsOf: url) == whole)
        }
    }

    @Test func `what was written while a sync failed, and shown later, is written again, too`() throws {
        try withTemporaryDirectory { path in
            let hand = try Hand(path)
            try hand.write(10)
            let sync = hand.takeUnsynced()
            let url = try #require(
                try FileManager.default.contentsOfDirectory(
                    at: URL(fileURLWithPath: path), includingPropertiesForKeys: nil
                ).first { $0.lastPathComponent.hasPrefix("e") })
            let file = try FileHandle(forWritingTo: url)
            defer { try? file.close() }
            // In the place of a record that is shown later: its first bytes.
            let end = try file.seekToEnd()
            try file.write(contentsOf: Data(count: 8))
            let failed = SystemCallFaults.failing(callNumber: 1, with: 5) { (try? sync.run()) == nil }
            #expect(failed.result && failed.didFail)
            try file.truncate(atOffset: end)
            try sync.run()
            // What is written again begins with the header.
            func isWrittenAgain() throws -> Bool {
                try hand.write(1)
                let whole = try Data(contentsOf: url)
                try file.seek(toOffset: 0)
                try file.write(contentsOf: Data(count: 64))
                try hand.takeUnsynced().run()
                let isWhole = try Data(contentsOf: url) == whole
                try file.seek(toOffset: 0)
                try file.write(contentsOf: whole.prefix(64))
                return isWhole
            }
            #expect(try isWrittenAgain())
            #expect(try !isWrittenAgain())
        }
    }

    @Test func `what could not be brought to the disk and is lost stays an error`() throws {
        try withTemporaryDirectory { path in
            let hand = try Hand(path)
            try hand.write(10)
            let sync = hand.takeUnsynced()
            _ = SystemCallFaults.failing(callNumber: 1, with: 5) { try? sync.run() }
            let url = try #require(
                try FileManager.default.contentsOfDirectory(
                    at: URL(fileURLWithPath: path), includingPropertiesForKeys: nil
                ).first { $0.lastPathComponent.hasPrefix("e") })
            let file = try FileHandle(forWritingTo: url)
            try file.seek(toOffset: 100)
            try file.write(contentsOf: Data(count: 64))
            try file.close()
            for _ in 0..<2 {
                #expect { try sync.run() } throws: { ($0 as? SystemCallError)?.isInputOutput == true }
            }
        }
    }

    @Test func `who brings it to the disk at the same moment waits for what the other is told`() throws {
        try withTemporaryDirectory(isInMemory: true) { path in
            let hand = try Hand(path)
            try hand.write(10)
            let sync = hand.takeUnsynced()
            let name = try #require(FileManager.default.contentsOfDirectory(atPath: path).first { $0.hasPrefix("e") })
            let url = URL(fileURLWithPath: "\(path)/\(name)")
            let whole = try Data(contentsOf: url)
            let other = Other()
            let (didFirst, didFail) = SystemCallFaults.failing(callNumber: 1, with: 5) {
                // What the call that fails has thrown away.
                if let file = try? FileHandle(forWritingTo: url) { try? file.write(contentsOf: Data(count: 64)) }
                other.start { (try? sync.run()) != nil }
                while !other.isOver && !other.isAsleep { usleep(1_000) }
            } _: {
                (try? sync.run()) != nil
            }
            #expect(didFail && !didFirst)
            while !other.isOver { usleep(1_000) }
            #expect(other.didSucceed)
            #expect(try Data(contentsOf: url) == whole)
        }
    }

    /// Another thread.
    private final class Other: Sendable {
        private let place = Mutex<String?>(nil)
        private let result = Atomic<Int>(0)

        var isOver: Bool { result.load(ordering: .acquiring) != 0 }
        var didSucceed: Bool { result.load(ordering: .acquiring) == 1 }

        /// Whether it waits for something (proc(5), the state behind the name).
        var isAsleep: Bool {
            let place = place.withLock { $0 }
            guard let place, let text = try? String(contentsOfFile: "/proc/\(place)/stat", encoding: .utf8) else {
                return false
            }
            return text[(text.lastIndex(of: ")") ?? text.startIndex)...].hasPrefix(") S")
        }

        func start(_ body: @escaping @Sendable () -> Bool) {
            Thread.detachNewThread { [self] in
                place.withLock { $0 = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/thread-self") }
                result.store(body() ? 1 : 2, ordering: .releasing)
            }
        }
    }

    @Test func `a journal is closed in order once the names of its files are on the disk`() throws {
        try withTemporaryDirectory { path in
            let hand = try Hand(path)
            try hand.write(3)
            // Each call fails in turn, until none is left to.
            var failed: [String] = []
            var didFail = true
            while didFail {
                let close = SystemCallFaults.failing(callNumber: failed.count + 1, with: 5) {
                    Result { try hand.close() }
                }
                didFail = close.didFail
                guard didFail, case .failure(let error as SystemCallError) = close.result else { break }
                failed.append(error.call)
            }
            #expect(failed.contains("fsync"))
        }
    }

    @Test func `numbers that the disk may not have are not given again`() throws {
        try withTemporaryDirectory { path in
            do {
                let hand = try Hand(path)
                try hand.write(2)
                hand.noteSync(isFailing: true)
            }
            #expect(try Hand(path).seq > 1_000_000)
        }
    }
}
