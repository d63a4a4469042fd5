import Foundation
import Support
import Testing
import WSQueueSystem

struct FileLockTests {
    private let name = FileName(".lock")

    @Test func `the second to come learns who the first is`() throws {
        try withTemporaryDirectory { path in
            let directory = try Directory.open(path)
            let first = try take(directory)
            #expect(first.isTaken)
            #expect(try take(directory).holder == WSQueueSystem.Process.identifier)
            first.release()
            #expect(try take(directory).isTaken)
        }
    }

    @Test func `a lock file left by a longer number holds only the own one`() throws {
        try withTemporaryDirectory { path in
            try "12345678901234567890\n".write(toFile: "\(path)/.lock", atomically: false, encoding: .utf8)
            #expect(try take(Directory.open(path)).isTaken)
            let text = try String(contentsOfFile: "\(path)/.lock", encoding: .utf8)
            #expect(text == "\(WSQueueSystem.Process.identifier)\n")
        }
    }

    @Test func `a symbolic link is not followed to another's file`() throws {
        try withTemporaryDirectory { path in
            try "precious".write(toFile: "\(path)/other", atomically: false, encoding: .utf8)
            try FileManager.default.createSymbolicLink(atPath: "\(path)/.lock", withDestinationPath: "other")
            #expect(throws: SystemCallError.self) { try take(Directory.open(path)) }
            #expect(try String(contentsOfFile: "\(path)/other", encoding: .utf8) == "precious")
        }
    }

    @discardableResult
    private func take(_ directory: Directory) throws -> Holder {
        switch try FileLock.take(name, in: directory) {
        case .taken(let lock): Holder(lock, holder: nil)
        case .held(let process): Holder(nil, holder: process)
        }
    }

    /// A lock that expectations can look at.
    private final class Holder {
        let isTaken: Bool
        let holder: Int32?
        private var lock: FileLock?

        init(_ lock: consuming FileLock?, holder: Int32?) {
            isTaken = lock != nil
            self.lock = consume lock
            self.holder = holder
        }

        func release() { _ = lock.take() }
    }
}
