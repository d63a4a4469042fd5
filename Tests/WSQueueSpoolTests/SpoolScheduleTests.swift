import Foundation
import Support
import Testing
import WSQueueSpool
import WSQueueSystem

struct SpoolScheduleTests {
    private static let second: Int64 = 1_000_000_000
    private static let now: Int64 = 1_795_231_805 * second

    /// The name of an event that is due some seconds after `now`.
    private func due(_ seconds: Int64, _ rest: String = "1-1-1") -> String {
        "at-\(Self.now + seconds * Self.second)-\(rest).json"
    }

    private func touch(_ names: [String], in path: String) throws {
        for name in names { try Data().write(to: URL(fileURLWithPath: "\(path)/\(name)")) }
    }

    /// Goes on to a time.
    ///
    /// - Returns: Whether a listing is needed.
    @discardableResult
    private func release(_ queue: inout SpoolQueue, at seconds: Int64, _ directory: Directory) -> Bool {
        queue.release(at: Self.now + seconds * Self.second, in: directory)
    }

    private func drain(_ queue: inout SpoolQueue) -> [String] {
        var names: [String] = []
        while let file = queue.next() { names.append(file.name.description) }
        return names
    }

    @Test(arguments: [false, true])
    func `a file waits until it is due, and others do not wait for it`(isNoticed: Bool) throws {
        try withTemporaryDirectory { path in
            let now = "\(Self.now)-1-1-1.json"
            try touch([due(10), now], in: path)
            let directory = try Directory.open(path)
            var queue = SpoolQueue()
            release(&queue, at: 0, directory)
            if isNoticed {
                queue.merge([FileName(due(10)), FileName(now)], in: directory)
            } else {
                _ = try queue.list(directory)
            }
            let first = drain(&queue)
            #expect(first == [now])
            #expect(queue.nextDueNanoseconds == Self.now + 10 * Self.second)
            release(&queue, at: 9, directory)
            let early = drain(&queue)
            #expect(early == [])
            let needsListing = release(&queue, at: 10, directory)
            let onTime = drain(&queue)
            #expect(!needsListing && onTime == [due(10)])
            #expect(queue.nextDueNanoseconds == nil)
        }
    }

    @Test func `files that are due come in the order of their times, among those that wait`() throws {
        try withTemporaryDirectory { path in
            let between = "\(Self.now + 2 * Self.second)-9-1-1.json"
            try touch([due(3), due(1), between], in: path)
            let directory = try Directory.open(path)
            var queue = SpoolQueue()
            _ = queue.release(at: Self.now, in: directory)
            _ = try queue.list(directory)
            _ = queue.release(at: Self.now + 5 * Self.second, in: directory)
            do {
                let names = drain(&queue)
                #expect(names == [due(1), between, due(3)])
            }
        }
    }

    @Test(
        arguments: [
            (#"{"event":"a","timestamp":1795231900}"#, 95), (#"{"event":"a","timestamp":1795231900.5}"#, 95),
            (#"{"event":"a","timestamp":1795231900000}"#, 95), (#"{"event":"a","timestamp":1795231000}"#, 0),
            (#"{"event":"a","timestamp":3795231900}"#, 366 * 86_400), (#"{"event":"a"}"#, 0),
            (#"{"event":"a","timestamp":1795231900"#, 0),
        ] as [(String, Int64)])
    func `a name without a time is due when the event says so, where that is after the mtime`(
        text: String, after: Int64
    ) throws {
        try withTemporaryDirectory { path in
            for name in ["at-tea.json", "at-tea.jsonl"] {
                try Data(text.utf8).write(to: URL(fileURLWithPath: "\(path)/\(name)"))
                try Directory.open(path).setModified(of: FileName(name), Self.now)
            }
            let directory = try Directory.open(path)
            var queue = SpoolQueue()
            release(&queue, at: -1, directory)
            _ = try queue.list(directory)
            _ = try queue.list(directory)
            #expect(queue.nextDueNanoseconds == Self.now)
            release(&queue, at: 0, directory)
            let due = drain(&queue)
            #expect(Set(due) == (after == 0 ? ["at-tea.json", "at-tea.jsonl"] : ["at-tea.jsonl"]))
            if after > 0 {
                let next = try #require(queue.nextDueNanoseconds)
                #expect(next / Self.second == Self.now / Self.second + after)
            }
            // The operator's commands see the same.
            let item = state("at-tea.json", in: path, at: Self.now + 1)
            #expect(item == (after == 0 ? .waiting : .later))
        }
    }

    /// In which of two states a file is.
    private func state(_ name: String, in path: String, at unix: Int64) -> SpoolItem.State? {
        guard let directory = try? Directory.open(path) else { return nil }
        return try? SpoolKeeper(directory, unix: unix).find(name, [.waiting, .later]).state
    }

    @Test func `a name without a time is due at the file's mtime, and again when that has moved`() throws {
        try withTemporaryDirectory { path in
            let name = "at-id-tea.json"
            try touch([name], in: path)
            let directory = try Directory.open(path)
            var queue = SpoolQueue()
            _ = queue.release(at: Self.now, in: directory)
            try directory.setModified(of: FileName(name), Self.now + 5 * Self.second)
            _ = try queue.list(directory)
            try directory.setModified(of: FileName(name), Self.now + 9 * Self.second)
            _ = queue.release(at: Self.now + 6 * Self.second, in: directory)
            do {
                let names = drain(&queue)
                #expect(names == [])
            }
            // Sooner, told by a notice.
            try directory.setModified(of: FileName(name), Self.now + 7 * Self.second)
            queue.merge([FileName(name)], in: directory)
            _ = queue.release(at: Self.now + 7 * Self.second, in: directory)
            do {
                let names = drain(&queue)
                #expect(names == [name])
            }
        }
    }

    @Test func `of more than can be held the first are, and the rest is listed when it is due`() throws {
        try withTemporaryDirectory { path in
            let all = (1...20).map { due(Int64($0)) }
            try touch(all, in: path)
            let directory = try Directory.open(path)
            var queue = SpoolQueue(limitFiles: 4)
            _ = queue.release(at: Self.now, in: directory)
            _ = try queue.list(directory)
            var sent: [String] = []
            for seconds in 1...20 {
                if queue.release(at: Self.now + Int64(seconds) * Self.second, in: directory) {
                    _ = try queue.list(directory)
                    _ = queue.release(at: Self.now + Int64(seconds) * Self.second, in: directory)
                }
                for name in drain(&queue) {
                    sent.append(name)
                    try directory.remove(FileName(name))
                    queue.finish(FileName(name))
                }
                #expect(sent == Array(all[..<seconds]))
            }
        }
    }

    @Test func `what is taken back is not sent`() throws {
        try withTemporaryDirectory { path in
            try touch([due(1)], in: path)
            let directory = try Directory.open(path)
            var queue = SpoolQueue()
            _ = queue.release(at: Self.now, in: directory)
            _ = try queue.list(directory)
            try directory.remove(FileName(due(1)))
            try touch(["at-id-a.json"], in: path)
            try directory.setModified(of: FileName("at-id-a.json"), Self.now + Self.second)
            _ = try queue.list(directory)
            try directory.remove(FileName("at-id-a.json"))
            _ = queue.release(at: Self.now + Self.second, in: directory)
            do {
                let names = drain(&queue)
                #expect(names == [])
            }
        }
    }

    @Test func `a foreign file whose time lies ahead is sent at once`() throws {
        try withTemporaryDirectory { path in
            let ahead = "\(Self.now + 60 * Self.second)-1-1-1.json"
            try touch([ahead], in: path)
            let directory = try Directory.open(path)
            var queue = SpoolQueue()
            _ = queue.release(at: Self.now, in: directory)
            _ = try queue.list(directory)
            do {
                let names = drain(&queue)
                #expect(names == [ahead])
            }
        }
    }
}
