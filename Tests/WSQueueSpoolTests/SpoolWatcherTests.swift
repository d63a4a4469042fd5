import Foundation
import Support
import Testing
import WSQueueSpool
import WSQueueSystem

struct SpoolWatcherTests {
    private func write(_ name: String, in path: String) throws {
        try Data("{}".utf8).write(to: URL(fileURLWithPath: "\(path)/\(name)"))
    }

    @Test func `renamed and written files are noticed in their order`() throws {
        try withTemporaryDirectory { path in
            var watcher = SpoolWatcher(path: path, usesNotices: true)
            try watcher.attach(Directory.open(path))
            try write(".b.tmp", in: path)
            try FileManager.default.moveItem(atPath: "\(path)/.b.tmp", toPath: "\(path)/b.json")
            try write("a.json", in: path)
            let arrivals = try watcher.arrivals()
            #expect(arrivals.names.map(\.description) == ["b.json", "a.json"])
            #expect(!arrivals.needsListing)
        }
    }

    @Test(arguments: [1, 15, 16, 200]) func `more notices than one read takes all come, whatever fits in last`(
        length: Int
    ) throws {
        try withTemporaryDirectory(isInMemory: true) { path in
            var watcher = SpoolWatcher(path: path, usesNotices: true)
            try watcher.attach(Directory.open(path))
            let names = (0..<1_500).map { "\($0)-" + String(repeating: "x", count: $0 % 7 + length) + ".json" }
            for name in names { try write(name, in: path) }
            let arrivals = try watcher.arrivals()
            #expect(arrivals.names.map(\.description) == names)
            #expect(!arrivals.needsListing)
        }
    }

    @Test func `a directory that two listings found with one mtime is unchanged until a name comes`() throws {
        try withTemporaryDirectory { path in
            let directory = try Directory.open(path)
            var watcher = SpoolWatcher(path: path, usesNotices: false)
            try watcher.attach(directory)
            #expect(watcher.look(now: 0) == .changed)
            try watcher.willList(directory, now: 0)
            #expect(watcher.look(now: 10) == .changed)
            // Whatever file system holds it.
            try watcher.willList(directory, now: 2_500_000_000)
            #expect(watcher.look(now: 2_500_000_010) == .unchanged)
            try write("a.json", in: path)
            #expect(watcher.look(now: 2_500_000_020) == .changed)
        }
    }

    @Test func `who writes in place is known from the first byte until the file is closed`() throws {
        try withTemporaryDirectory { path in
            var watcher = SpoolWatcher(path: path, usesNotices: true)
            try watcher.attach(Directory.open(path))
            let name = FileName("a.json")
            #expect(FileManager.default.createFile(atPath: "\(path)/hidden", contents: nil))
            let file = try #require(fopen("\(path)/a.json", "w"))
            #expect(watcher.beginnings() == [])
            #expect(watcher.writers.isOpen(name, sizeBytes: 0) && !watcher.writers.isOpen(name, sizeBytes: 1))
            fputs("{", file)
            fflush(file)
            #expect(watcher.beginnings() == [name])
            #expect(watcher.writers.isOpen(name, sizeBytes: 1))
            try FileManager.default.moveItem(atPath: "\(path)/a.json", toPath: "\(path)/.taken-12345678-a.json")
            let taken = FileName(".taken-12345678-a.json")
            fputs("}", file)
            fflush(file)
            #expect(watcher.beginnings() == [])
            #expect(watcher.writers.isOpen(taken, sizeBytes: 2) && !watcher.writers.isOpen(name, sizeBytes: 2))
            fclose(file)
            #expect(watcher.beginnings() == [])
            #expect(!watcher.writers.isOpen(taken, sizeBytes: 2))
        }
    }

    @Test func `a link to a file that is finished is not open`() throws {
        try withTemporaryDirectory { path in
            try write(".a", in: path)
            var watcher = SpoolWatcher(path: path, usesNotices: true)
            try watcher.attach(Directory.open(path))
            try FileManager.default.linkItem(atPath: "\(path)/.a", toPath: "\(path)/a.json")
            #expect(watcher.beginnings() == [])
            #expect(!watcher.writers.isOpen(FileName("a.json"), sizeBytes: 2))
        }
    }

    @Test func `a directory that is replaced, removed or no directory is told apart`() throws {
        try withTemporaryDirectory { parent in
            let path = "\(parent)/queue"
            let files = FileManager.default
            try files.createDirectory(atPath: path, withIntermediateDirectories: false)
            var watcher = SpoolWatcher(path: path, usesNotices: true)
            try watcher.attach(Directory.open(path))
            try files.moveItem(atPath: path, toPath: "\(parent)/old")
            #expect(try watcher.arrivals().needsListing)
            guard case .missing(let error) = watcher.look(now: 0) else {
                Issue.record("not missing")
                return
            }
            #expect(error.isNotFound)
            try files.createDirectory(atPath: path, withIntermediateDirectories: false)
            #expect(watcher.look(now: 0) == .replaced)
            try files.removeItem(atPath: path)
            try write("queue", in: parent)
            guard case .missing(let other) = watcher.look(now: 0) else {
                Issue.record("not missing")
                return
            }
            #expect(other.isNotDirectory)
        }
    }
}
