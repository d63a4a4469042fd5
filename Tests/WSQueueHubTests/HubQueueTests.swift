import Foundation
import Glibc
import Support
import Testing
import WSQueueOperation
import WSQueueSystem

@testable import WSQueueHub

/// The queue's directory as the hub watches it: what comes and goes there, what stays too long, and whose it is.
struct HubQueueTests {
    private func withHub(
        _ change: (inout Configuration) -> Void = { _ in }, _ body: (HubHarness) throws -> Void
    ) throws {
        try withTemporaryDirectory(isInMemory: true) { path in try body(HubHarness(path, change)) }
    }

    /// A name by the contract of the publishers.
    private func name(_ number: Int) -> String { "\(1_700_000_000_000_000_000 + number)-1-\(number)-ab.json" }

    private static let hour: Int64 = 3_600_000

    // MARK: Whose it is

    @Test func `a queue that another server holds by the time it is back is waited for`() throws {
        try withHub { hub in
            let away = hub.path + "-away"
            try FileManager.default.moveItem(atPath: hub.path, toPath: away)
            hub.turn()
            try FileManager.default.moveItem(atPath: away, toPath: hub.path)
            try withTemporaryDirectory { path in
                let log = try Log(level: .debug, format: .text, destination: .file("\(path)/log"))
                let lock = try QueueLock.take(try Directory.open(hub.path), log)
                try hub.place(name(1), #"{"event":"n"}"#)
                for _ in 0..<3 { hub.turn() }
                #expect(hub.seq == 0)
                #expect(hub.asked()?.faults.map(\.detail) == ["the queue cannot be used: another server holds it"])
                _ = consume lock
            }
            hub.turn()
            #expect(hub.seq == 1 && hub.asked()?.faults.isEmpty == true)
            let told = hub.lines().filter { $0.contains("ev=queue.missing") }
            #expect(told.count == 2 && told[1].contains("the server with pid \(getpid()) holds the queue \(hub.path)"))
        }
    }

    @Test(arguments: [EIO, ENOMEM, EMFILE, EACCES])
    func `a queue that could not be looked at once is held, and goes on`(code: Int32) throws {
        try withHub { hub in
            let look = SystemCallFaults.failing(next: 1, "stat", on: hub.path, with: code) { hub.turn() }
            #expect(look.didFail)
            #expect(!hub.logged().contains("queue.missing"))
            try hub.place(name(1), #"{"event":"n"}"#)
            hub.turn()
            #expect(hub.seq == 1)
        }
    }

    /// What one read gives of notices is gone when the next fails.
    @Test func `files whose notices are lost with an error are looked for at once`() throws {
        let told = { (configuration: inout Configuration) in configuration.usesNotices = true }
        try withHub(told) { hub in
            // So many that the directory is not listed again for some time only because it has changed.
            for number in 1...5_000 {
                try #require(FileManager.default.createFile(atPath: "\(hub.path)/\(number).txt", contents: nil))
            }
            hub.turn()
            // One read has no room for the notices of all.
            let padding = String(repeating: "x", count: 200)
            for number in 1...200 { try hub.place("\(padding)-\(number).json", #"{"event":"n"}"#) }
            #expect(SystemCallFaults.failing(callNumber: 2, with: EIO) { hub.turn(after: 1) }.didFail)
            #expect(hub.seq == 0)
            for _ in 0..<2 { hub.turn(after: 100) }
            #expect(hub.seq == 200)
        }
    }

    @Test func `who holds a queue is named as far as it is known, with what to do`() {
        let known = QueueHeld(path: "/q", holder: 7)
        #expect(known.description == "the server with pid 7 holds the queue /q")
        #expect(known.hint.contains("stop that one first"))
        let unknown = QueueHeld(path: "/q a", holder: nil)
        #expect(unknown.description == "another process holds the queue /q a")
        #expect(unknown.hint == "find it with: fuser -v '/q a/.lock'")
    }

    @Test func `whichever call fails when the queue is back, it is used in the end`() throws {
        var (didFail, number) = (true, 0)
        while didFail {
            number += 1
            try withHub { hub in
                let away = hub.path + "-away"
                try FileManager.default.moveItem(atPath: hub.path, toPath: away)
                hub.turn()
                // Another directory in its place.
                try FileManager.default.createDirectory(atPath: hub.path, withIntermediateDirectories: false)
                try hub.place(name(1), #"{"event":"n"}"#)
                didFail = SystemCallFaults.failing(callNumber: number, with: EIO) { hub.turn() }.didFail
                for _ in 0..<20 { hub.turn() }
                #expect(hub.seq == 1 && hub.names.isEmpty, "call \(number)")
                #expect(hub.logged().count { $0 == "queue.back" } >= 1, "call \(number)")
            }
        }
        #expect(number > 20)
    }

    @Test func `what others have put where something of the server belongs is moved, and named`() throws {
        guard getuid() == 0 else { return }
        try withTemporaryDirectory(isInMemory: true) { path in
            try FileManager.default.createDirectory(atPath: "\(path)/queue", withIntermediateDirectories: true)
            try Data("mine".utf8).write(to: URL(fileURLWithPath: "\(path)/queue/.failed"))
            try #require(chown("\(path)/queue/.failed", 1_001, 1_001) == 0)
            let hub = try HubHarness(path)
            let line = try #require(hub.lines().first { $0.contains("ev=queue.displaced") })
            #expect(line.contains("/.failed ") && line.contains("owner=1001"))
        }
    }

    // MARK: Noticing

    @Test func `with notices a file is sent at once, and a queue that is another one is seen at once`() throws {
        let told = { (configuration: inout Configuration) in
            configuration.usesNotices = true
            configuration.pollMilliseconds = 3_600_000
        }
        try withHub(told) { hub in
            hub.turn()
            try hub.place(name(1), #"{"event":"n"}"#)
            var notices = pollfd(fd: try #require(hub.noticeNumber), events: Int16(POLLIN), revents: 0)
            #expect(poll(&notices, 1, 0) == 1, "who waits for them is woken")
            hub.turn(after: 1)
            #expect(hub.seq == 1)
            hub.turn(after: 1)
            hub.turn(after: 1)
            #expect(hub.names.isEmpty)
            try FileManager.default.moveItem(atPath: hub.path, toPath: hub.path + "-away")
            try FileManager.default.createDirectory(atPath: hub.path, withIntermediateDirectories: false)
            try hub.place(name(2), #"{"event":"n"}"#)
            hub.turn(after: 1)
            #expect(hub.seq == 2)
        }
    }

    @Test func `where there can be no notices that is told, and events are found by looking`() throws {
        var (didFail, number, told) = (true, 0, 0)
        while didFail {
            number += 1
            try withTemporaryDirectory(isInMemory: true) { path in
                try FileManager.default.createDirectory(atPath: "\(path)/queue", withIntermediateDirectories: true)
                let start = SystemCallFaults.failing(callNumber: number, with: EMFILE) {
                    Result { try HubHarness(path) { $0.usesNotices = true } }
                }
                didFail = start.didFail
                guard let hub = try? start.result.get() else { return }
                try hub.place(name(1), #"{"event":"n"}"#)
                for _ in 0..<4 { hub.turn() }
                #expect(hub.seq == 1, "call \(number)")
                if hub.logged().contains("queue.nowatch") { told += 1 }
            }
        }
        #expect(told > 0)
    }

    @Test func `the hub sleeps until a file is due, though it looks at the directory much later`() throws {
        let rarely = { (configuration: inout Configuration) in configuration.pollMilliseconds = 3_600_000 }
        try withHub(rarely) { hub in
            let second = hub.unix / 1_000_000_000 + 1
            hub.unix = second * 1_000_000_000 + 600_000_000
            try hub.place("at-\(second + 1).json", #"{"event":"n"}"#)
            for _ in 0..<2 { hub.turn(after: 0) }
            #expect(hub.sleepMilliseconds() == 400)
            hub.turn(after: 399)
            #expect(hub.seq == 0)
            hub.turn(after: 1)
            #expect(hub.seq == 1)
            let due = try #require(HubCounters.ScanCause.allCases.firstIndex(of: .due))
            #expect(hub.asked()?.counters.scans[due] == 0, "a file that is known needs no listing")
        }
    }

    // MARK: What does not belong there

    @Test func `what is no event file is left alone, and named once`() throws {
        try withHub { hub in
            try hub.place("readme.txt", "a text")
            for _ in 0..<3 { hub.turn() }
            #expect(hub.names == ["readme.txt"])
            #expect(hub.logged().count { $0 == "queue.foreign" } == 1)
        }
    }

    @Test func `what dead publishers have left goes after an hour`() throws {
        try withHub { hub in
            let path = "\(hub.path)/.1790000000000000001-1-1-ab.json.tmp"
            try Data("{".utf8).write(to: URL(fileURLWithPath: path))
            hub.turn()
            hub.turn(after: Self.hour / 2)
            #expect(FileManager.default.fileExists(atPath: path))
            hub.turn(after: Self.hour)
            #expect(!FileManager.default.fileExists(atPath: path))
            #expect(hub.logged().count { $0 == "queue.swept" } == 1)
        }
    }

    @Test func `where the wall clock was set nothing goes for its age within an hour`() throws {
        try withHub { hub in
            let path = "\(hub.path)/.1790000000000000001-1-1-ab.json.tmp"
            try Data("{".utf8).write(to: URL(fileURLWithPath: path))
            hub.turn()
            hub.unix += 86_400_000_000_000
            hub.turn()
            hub.turn(after: Self.hour - 1_000)
            #expect(FileManager.default.fileExists(atPath: path))
            hub.turn(after: Self.hour)
            #expect(!FileManager.default.fileExists(atPath: path))
            let jump = try #require(hub.lines().first { $0.contains("ev=clock.jump") })
            #expect(jump.contains("seconds=86400"))
        }
    }

    @Test func `what was set aside goes after thirty days`() throws {
        try withHub { hub in
            try hub.place(name(1), "no event")
            hub.turn()
            hub.turn(after: 3_000)
            hub.turn(after: 29 * 24 * Self.hour)
            #expect(hub.failed == [name(1)])
            hub.turn(after: 2 * 24 * Self.hour)
            #expect(hub.failed.isEmpty)
            #expect(hub.lines().contains { $0.contains("ev=queue.pruned files=1") })
        }
    }

    @Test func `what the server before has set aside comes back once it is completed`() throws {
        try withTemporaryDirectory(isInMemory: true) { path in
            do {
                let hub = try HubHarness(path)
                try hub.place("half.json", #"{"event":"n","#)
                hub.turn()
                hub.turn(after: 3_000)
                #expect(hub.failed == ["half.json"])
                hub.close()
            }
            let file = try #require(fopen("\(path)/queue/.failed/half.json", "a"))
            fputs(#""payload":1}"#, file)
            fclose(file)
            let hub = try HubHarness(path)
            for _ in 0..<4 { hub.turn(after: 2_000) }
            #expect(hub.published().first?.text.hasPrefix(#"{"event":"n","payload":1,"#) == true)
            #expect(hub.failed.isEmpty && hub.names.isEmpty)
        }
    }
}
