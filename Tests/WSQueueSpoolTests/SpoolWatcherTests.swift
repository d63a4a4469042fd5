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
            #expect(arrivals.names.map(\.description) == [".b.tmp", "b.json", "a.json"])
            #expect(!arrivals.needsListing)
        }
    }

    @Test func `a directory that has rested since it was listed is unchanged, and one with a new name is not`() throws {
        try withTemporaryDirectory { path in
            let directory = try Directory.open(path)
            var watcher = SpoolWatcher(path: path, usesNotices: false)
            try watcher.attach(directory)
            #expect(watcher.look() == .changed)
            let modified = try directory.status().modifiedNanoseconds
            try watcher.willList(directory, unix: modified + 500_000_000)
            #expect(watcher.look() == .changed)
            try watcher.willList(directory, unix: modified + 2_000_000_000)
            #expect(watcher.look() == .unchanged)
            try write("a.json", in: path)
            #expect(watcher.look() == .changed)
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
            guard case .missing(let error) = watcher.look() else {
                Issue.record("not missing")
                return
            }
            #expect(error.isNotFound)
            try files.createDirectory(atPath: path, withIntermediateDirectories: false)
            #expect(watcher.look() == .replaced)
            try files.removeItem(atPath: path)
            try write("queue", in: parent)
            guard case .missing(let other) = watcher.look() else {
                Issue.record("not missing")
                return
            }
            #expect(other.isNotDirectory)
        }
    }
}
