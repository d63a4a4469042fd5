import Foundation
import Support
import Testing
import WSQueueLog
import WSQueueSystem

/// Which event a file is, from its first look to what a server after a crash makes of it.
struct HubIdentityTests {
    /// A hub with a journal on the disk; made again in the same directory it is the server after a crash.
    private func hub(_ path: String) throws -> HubHarness {
        let journal = "\(path)/journal"
        try FileManager.default.createDirectory(atPath: journal, withIntermediateDirectories: true)
        return try HubHarness(path, journal: .directory(try Directory.open(journal)))
    }

    private let mtime: Int64 = 1_790_000_000_123_456_789

    /// Puts a file there whose mtime is given, as a tick of the file system, or a copy that keeps times, gives it.
    private func place(_ name: String, _ text: String, mtime: Int64, in hub: HubHarness) throws {
        let hidden = "\(hub.path)/.\(name)"
        try Data(text.utf8).write(to: URL(fileURLWithPath: hidden))
        var times = [timespec(), timespec(tv_sec: Int(mtime / 1_000_000_000), tv_nsec: Int(mtime % 1_000_000_000))]
        try #require(utimensat(AT_FDCWD, hidden, &times, 0) == 0)
        try #require(rename(hidden, "\(hub.path)/\(name)") == 0)
    }

    /// A moment that files placed now can have as their mtime without being copies that keep times, however long the test
    /// takes: it is an hour away.
    private var tick: Int64 { Clock.unixNanoseconds() / 1_000_000_000 * 1_000_000_000 + 3_600_000_000_000 }

    private func ids(_ hub: HubHarness) -> [String] {
        hub.published().map { publication in
            let after = publication.text.components(separatedBy: "\"id\":\"").last ?? ""
            return String(after.prefix { $0 != "\"" })
        }
    }

    @Test func `rewrites within a tick are events of their own, and what a crash has left is not sent again`() throws {
        try withTemporaryDirectory(isInMemory: true) { path in
            let tick = tick
            let text = #"{"event":"n","payload":1}"#
            do {
                let hub = try hub(path)
                for _ in 0..<3 {
                    try place("status.json", text, mtime: tick, in: hub)
                    for _ in 0..<3 { hub.turn() }
                    #expect(hub.names.isEmpty)
                }
                #expect(ids(hub) == ["status@\(tick)", "status@\(tick)+2", "status@\(tick)+3"])
                try place("status.json", text, mtime: tick, in: hub)
            }
            let hub = try hub(path)
            for _ in 0..<3 { hub.turn() }
            #expect(hub.names.isEmpty && ids(hub).isEmpty)
            // From here on this process knows what it has taken.
            try place("status.json", #"{"event":"n","payload":2}"#, mtime: tick, in: hub)
            for _ in 0..<3 { hub.turn() }
            try place("status.json", text, mtime: tick, in: hub)
            for _ in 0..<3 { hub.turn() }
            #expect(ids(hub) == ["status@\(tick)+4", "status@\(tick)+5"])
            #expect(hub.logged().count { $0 == "event.duplicate" } == 1)
        }
    }

    @Test func `what a server before had taken does not wait, so that no namesake overtakes it`() throws {
        try withTemporaryDirectory(isInMemory: true) { path in
            let tick = tick
            let text = #"{"event":"n","payload":1}"#
            do {
                let hub = try hub(path)
                try place("status.json", text, mtime: tick, in: hub)
                // Sent so late that by the journal it may have been a copy that keeps times.
                for _ in 0..<3 { hub.turn(after: 3_700_000) }
                #expect(ids(hub) == ["status@\(tick)"])
            }
            let hub = try hub(path)
            try place(".taken-12345678-status.json", text, mtime: tick, in: hub)
            try place("status.json", #"{"event":"n","payload":2}"#, mtime: tick, in: hub)
            for _ in 0..<5 { hub.turn() }
            #expect(ids(hub) == ["status@\(tick)+2"])
            #expect(hub.names.isEmpty)
        }
    }

    @Test(arguments: ["status.json", "status.jsonl"])
    func `what a server before had taken and cannot be read for long is not sent again after its namesake`(
        name: String
    ) throws {
        try withTemporaryDirectory(isInMemory: true) { path in
            let tick = tick
            let text = #"{"event":"n","payload":1}"# + "\n"
            do {
                let hub = try hub(path)
                try place(name, text, mtime: tick, in: hub)
                for _ in 0..<3 { hub.turn(after: 3_700_000) }
                #expect(ids(hub).count == 1)
            }
            let hub = try hub(path)
            let taken = ".taken-12345678-\(name)"
            try place(taken, text, mtime: tick, in: hub)
            try place(name, #"{"event":"n","payload":2}"# + "\n", mtime: tick, in: hub)
            _ = SystemCallFaults.failing(next: 1_000, "open", on: "\(hub.path)/\(taken)", with: EIO) {
                for _ in 0..<10 { hub.turn() }
            }
            #expect(ids(hub).map { $0.prefix { $0 != "/" } } == ["status@\(tick)+2"])
            for _ in 0..<5 { hub.turn() }
            #expect(ids(hub).isEmpty && hub.names.isEmpty)
            #expect(!FileManager.default.fileExists(atPath: "\(hub.path)/\(taken)"))
        }
    }

    @Test func `what was sent of a directory is known when that is the queue once more`() throws {
        try withTemporaryDirectory(isInMemory: true) { path in
            let hub = try hub(path)
            try place("status.json", #"{"event":"n"}"#, mtime: tick, in: hub)
            hub.turn(isLoopSlow: true)
            #expect(ids(hub).count == 1)
            let files = FileManager.default
            try files.moveItem(atPath: hub.path, toPath: "\(path)/away")
            try files.createDirectory(atPath: hub.path, withIntermediateDirectories: false)
            for _ in 0..<2 { hub.turn(isLoopSlow: true) }
            try files.moveItem(atPath: hub.path, toPath: "\(path)/other")
            try files.moveItem(atPath: "\(path)/away", toPath: hub.path)
            for _ in 0..<3 { hub.turn(isLoopSlow: true) }
            #expect(ids(hub).isEmpty)
            for _ in 0..<3 { hub.turn() }
            #expect(hub.names.isEmpty)
        }
    }

    @Test func `a copy that keeps times is one event, and another one with other bytes`() throws {
        try withTemporaryDirectory(isInMemory: true) { path in
            let hub = try hub(path)
            // The last is no copy of what was there before it.
            for payload in [1, 1, 2, 2, 1, 1] {
                try place("1729000000-r.json", #"{"event":"n","payload":\#(payload)}"#, mtime: mtime, in: hub)
                for _ in 0..<3 { hub.turn() }
            }
            #expect(ids(hub) == ["", "+2", "+3"].map { "1729000000-r@\(mtime)\($0)" })
            #expect(hub.names.isEmpty)
        }
    }

    /// As rsync does with `--inplace`, and as scp does with `-p`: the contents first, the times a moment later.
    @Test(arguments: ["json", "jsonl"])
    func `a copy whose writer sets its times last is waited for, and known then`(suffix: String) throws {
        try withTemporaryDirectory(isInMemory: true) { path in
            let hub = try hub(path)
            let (name, text) = ("1729000000-r.\(suffix)", #"{"event":"n"}"# + "\n")
            try place(name, text, mtime: mtime, in: hub)
            for _ in 0..<3 { hub.turn() }
            #expect(ids(hub).count == 1 && hub.names.isEmpty)
            let now = tick
            try place(name, text, mtime: now, in: hub)
            hub.turn()
            #expect(hub.names == [name])
            try place(name, text, mtime: mtime, in: hub)
            for _ in 0..<4 { hub.turn() }
            #expect(ids(hub).isEmpty && hub.names.isEmpty)
            #expect(hub.asked()?.unfinished == 0, "it does not wait any more")
            // One that keeps its own time is an event after all.
            try place(name, text, mtime: now, in: hub)
            hub.turn()
            #expect(ids(hub).isEmpty && hub.names == [name])
            for _ in 0..<4 { hub.turn() }
            #expect(ids(hub).map { $0.prefix { $0 != "/" } } == ["1729000000-r@\(now)"])
            // What is no copy waits for nothing.
            try place("status.\(suffix)", text, mtime: now, in: hub)
            hub.turn()
            #expect(ids(hub).count == 1)
        }
    }

    @Test func `names that are used once are ids, however often they come`() throws {
        try withTemporaryDirectory(isInMemory: true) { path in
            let hub = try hub(path)
            let stems = [
                "1790000000000000001-1-1-ab", "1790000000.5_66f0c0ffee123", "1790000000_66f0c0ffee124",
                "at-1790000000000000001-1-1-ab",
            ]
            for _ in 0..<2 {
                for stem in stems { try place("\(stem).json", #"{"event":"n"}"#, mtime: mtime, in: hub) }
                for _ in 0..<3 { hub.turn() }
            }
            #expect(ids(hub).sorted() == stems.sorted())
            #expect(hub.names.isEmpty)
        }
    }

    @Test func `a batch of a name that is used again is a further one, and goes on after a crash where it was`() throws
    {
        let lines = (1...3).map { #"{"event":"n","payload":\#($0)}"# }
        let whole = lines.joined(separator: "\n") + "\n"
        try withTemporaryDirectory(isInMemory: true) { path in
            let tick = tick
            let base = "rows@\(tick)"
            do {
                let hub = try hub(path)
                try place("rows.jsonl", whole, mtime: tick, in: hub)
                for _ in 0..<3 { hub.turn() }
                try place("rows.jsonl", lines[0] + "\n", mtime: tick, in: hub)
                for _ in 0..<3 { hub.turn() }
                #expect(ids(hub) == (1...3).map { "\(base)/\($0)" } + ["\(base)+2/1"])
                // The same file, cut off after its third line, as a crash in its midst would have left it.
                try place("rows.jsonl", whole + #"{"event":"n","payload":4,"id":"own"}"# + "\n", mtime: tick, in: hub)
            }
            let hub = try hub(path)
            for _ in 0..<3 { hub.turn() }
            #expect(ids(hub) == ["own"])
            #expect(hub.names.isEmpty)
        }
    }

    @Test func `a file that cannot be known by its bytes is told by the journal of a server before`() throws {
        try withTemporaryDirectory(isInMemory: true) { path in
            let old = JournalRecord.Identity(id: Array("status".utf8), stamp: mtime)
            let journal = "\(path)/journal"
            try FileManager.default.createDirectory(atPath: journal, withIntermediateDirectories: true)
            do {
                var writer = try JournalWriter(
                    .directory(try Directory.open(journal)), limits: JournalLimits(), epoch: "e", unix: tick, boot: "b")
                let record = JournalRecord(seq: 1, unixNanoseconds: tick, identity: old)
                writer.stage(record, message: Array("{}".utf8).span)
                _ = try writer.commit(unix: tick)
            }
            let hub = try hub(path)
            let text = #"{"event":"n"}"#
            try place("status.json", text, mtime: mtime, in: hub)
            try place("other.json", text, mtime: mtime, in: hub)
            for _ in 0..<3 { hub.turn() }
            #expect(ids(hub) == ["other@\(mtime)"])
        }
    }

    @Test(arguments: ["json", "jsonl"])
    func `an event that says its id comes once, whatever else the next file says`(suffix: String) throws {
        try withTemporaryDirectory(isInMemory: true) { path in
            let hub = try hub(path)
            for payload in 1...2 {
                let text = #"{"event":"n","id":"own","payload":\#(payload)}"# + "\n"
                try place("status.\(suffix)", text, mtime: mtime, in: hub)
                for _ in 0..<3 { hub.turn() }
            }
            #expect(ids(hub) == ["own"])
            #expect(hub.names.isEmpty)
        }
    }

    @Test func `the same id of another owner is another event`() throws {
        guard getuid() == 0 else { return }
        try withTemporaryDirectory(isInMemory: true) { path in
            let hub = try hub(path)
            let text = #"{"event":"n","id":"order-7"}"#
            for (number, user) in [(1, 1_001), (2, 1_002), (3, 1_001), (4, 1_002)] as [(Int, UInt32)] {
                let name = "179000000000000000\(number)-1-1-ab.json"
                try hub.place(".\(name)", text)
                try #require(chown("\(hub.path)/.\(name)", user, user) == 0)
                try #require(rename("\(hub.path)/.\(name)", "\(hub.path)/\(name)") == 0)
                for _ in 0..<3 { hub.turn() }
            }
            #expect(ids(hub) == ["order-7", "order-7"])
            // Whoever may write a file may have written it: no one can tell whose it is.
            for number in 5...6 {
                let name = "179000000000000000\(number)-1-1-ab.json"
                try hub.place(".\(name)", text)
                try #require(chmod("\(hub.path)/.\(name)", 0o664) == 0)
                try #require(rename("\(hub.path)/.\(name)", "\(hub.path)/\(name)") == 0)
                for _ in 0..<3 { hub.turn() }
            }
            #expect(ids(hub) == ["order-7"])
        }
    }
}
