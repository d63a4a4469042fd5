import Foundation
import Glibc
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

    @Test func `a symbolic link is not followed to another's file, and makes room for a lock`() throws {
        try withTemporaryDirectory { path in
            try "precious".write(toFile: "\(path)/other", atomically: false, encoding: .utf8)
            try FileManager.default.createSymbolicLink(atPath: "\(path)/.lock", withDestinationPath: "other")
            #expect(try take(Directory.open(path)).isTaken)
            #expect(try String(contentsOfFile: "\(path)/other", encoding: .utf8) == "precious")
        }
    }

    @Test func `a lock is its owner's alone`() throws {
        try withTemporaryDirectory { path in
            let directory = try Directory.open(path)
            let lock = try take(directory)
            #expect(lock.isTaken)
            #expect(try directory.status(of: name).mode == 0o600)
        }
    }

    @Test func `a lock that others could open is replaced, and nobody else's lock on it counts`() throws {
        try withTemporaryDirectory { path in
            let directory = try Directory.open(path)
            let wide = try directory.openOrCreateFile(name, mode: 0o644)
            let before = try directory.status(of: name)
            #expect(flock(wide.number, LOCK_SH | LOCK_NB) == 0)
            let lock = try take(directory)
            #expect(lock.isTaken)
            #expect(try directory.status(of: name).mode == 0o600)
            #expect(try directory.status(of: name).identity != before.identity)
        }
    }

    @Test func `an older server's lock, which others could open, holds`() throws {
        try withTemporaryDirectory { path in
            let directory = try Directory.open(path)
            let wide = try directory.openOrCreateFile(name, mode: 0o644)
            try wide.writeAll(Array("\(WSQueueSystem.Process.identifier)\n".utf8).span, object: path)
            #expect(flock(wide.number, LOCK_EX | LOCK_NB) == 0)
            #expect(try take(directory).holder == WSQueueSystem.Process.identifier)
            #expect(try directory.status(of: name).mode == 0o644)
        }
    }

    @Test func `a process that the lock names and that has not opened it is not named`() throws {
        try withTemporaryDirectory { path in
            let directory = try Directory.open(path)
            let file = try directory.openOrCreateFile(name, mode: 0o600)
            // The first process of the machine has other things open.
            try file.writeAll("1\n".utf8.span, object: path)
            #expect(flock(file.number, LOCK_EX | LOCK_NB) == 0)
            let attempt = try take(directory)
            #expect(!attempt.isTaken)
            if geteuid() == 0 { #expect(attempt.holder == nil) }
        }
    }

    @discardableResult
    private func take(_ directory: Directory) throws -> Holder {
        switch try FileLock.take(name, in: directory, ownEntries(in: directory)) {
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
