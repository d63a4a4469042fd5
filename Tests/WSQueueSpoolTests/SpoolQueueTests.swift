import Foundation
import Support
import Testing
import WSQueueSpool
import WSQueueSystem

struct SpoolQueueTests {
    /// Names that begin with a second of 2024 say their time; the files are of that year too.
    private func touch(_ names: [String], in path: String) throws {
        for name in names {
            try Data().write(to: URL(fileURLWithPath: "\(path)/\(name)"))
            try setModified(name, to: 1_729_000_000, in: path)
        }
    }

    private func setModified(_ name: String, to seconds: Double, in path: String) throws {
        try FileManager.default.setAttributes(
            [.modificationDate: Date(timeIntervalSince1970: seconds)], ofItemAtPath: "\(path)/\(name)")
    }

    private func second(_ number: Int) -> String { "\(1_729_000_000 + number).json" }

    private func drain(_ queue: inout SpoolQueue) -> [String] {
        var names: [String] = []
        while let file = queue.next() { names.append(file.name.description) }
        return names
    }

    @Test func `a listing gives the files by time and each once, however often it is made`() throws {
        try withTemporaryDirectory { path in
            try touch(["1729000002.json", "1729000001.5_b.json", "1729000001.51_a.json", "1728000003.jsonl"], in: path)
            let directory = try Directory.open(path)
            var queue = SpoolQueue()
            let added = try (0..<3).map { _ in try queue.list(directory).added }
            #expect(added == [4, 0, 0])
            #expect(
                drain(&queue) == ["1728000003.jsonl", "1729000001.5_b.json", "1729000001.51_a.json", "1729000002.json"])
        }
    }

    @Test func `the oldest is the one that is next, whether listed or noticed`() throws {
        try withTemporaryDirectory { path in
            try touch([second(2), second(3)], in: path)
            let directory = try Directory.open(path)
            var queue = SpoolQueue()
            #expect(queue.oldest == nil)
            _ = try queue.list(directory)
            try touch([second(1), second(4)], in: path)
            queue.merge([FileName(second(4)), FileName(second(1))], in: directory)
            while let oldest = queue.oldest {
                let next = queue.next()
                #expect(oldest == next)
            }
            #expect(queue.isEmpty)
        }
    }

    /// As on a machine that starts with its clock behind, where files wait.
    @Test func `a name ahead of the clock does not let in an event whose predecessor a listing has missed`() throws {
        try withTemporaryDirectory { path in
            try touch([second(1), second(9)], in: path)
            let directory = try Directory.open(path)
            var queue = SpoolQueue()
            var unix: Int64 = 1_729_000_002_000_000_000
            _ = try queue.list(directory) {
                // What is published between both listings is named by the time that passes.
                unix += 1_000_000_000
                try? touch(["\(unix / 1_000_000_000 + 1).json"], in: path)
                return unix
            }
            // What is left is not overtaken by what is noticed.
            try touch([second(10)], in: path)
            queue.merge([FileName(second(10))], in: directory)
            #expect(queue.isTruncated)
            #expect(drain(&queue) == [second(1)])
            try touch([second(3)], in: path)
            unix = 1_729_000_008_000_000_000
            _ = try queue.list(directory) { unix }
            #expect(!queue.isTruncated)
            #expect(drain(&queue) == [second(3), second(4), second(5), second(9), second(10)])
        }
    }

    @Test func `hidden names are passed over, and other names are told once`() throws {
        try withTemporaryDirectory { path in
            try touch([".1.json.tmp", "notes.txt", "1.JSON", second(1)], in: path)
            let directory = try Directory.open(path)
            var queue = SpoolQueue()
            let first = try queue.list(directory)
            let next = try queue.list(directory)
            #expect(Set(first.foreign.map(\.description)) == ["notes.txt", "1.JSON"])
            #expect(next.foreign.isEmpty)
            #expect(drain(&queue) == [second(1)])
        }
    }

    @Test func `names without event files are told too`() throws {
        try withTemporaryDirectory { path in
            try touch(["notes.txt"], in: path)
            var queue = SpoolQueue()
            let listing = try queue.list(Directory.open(path))
            #expect(listing.foreign.map(\.description) == ["notes.txt"])
        }
    }

    @Test func `a notice and a listing of the same file are one file`() throws {
        try withTemporaryDirectory { path in
            try touch([second(1), second(2)], in: path)
            let directory = try Directory.open(path)
            var queue = SpoolQueue()
            queue.merge([FileName(second(2)), FileName(second(2))], in: directory)
            _ = try queue.list(directory)
            #expect(drain(&queue) == [second(1), second(2)])
            queue.merge([FileName(second(1))], in: directory)
            #expect(queue.isEmpty)
            queue.finish(FileName(second(1)))
            queue.merge([FileName(second(1))], in: directory)
            #expect(drain(&queue) == [second(1)])
        }
    }

    @Test func `what comes late with an earlier time is next`() throws {
        try withTemporaryDirectory { path in
            try touch([second(5), second(6)], in: path)
            let directory = try Directory.open(path)
            var queue = SpoolQueue()
            _ = try queue.list(directory)
            #expect(queue.next()?.name == FileName(second(5)))
            try touch([second(1), second(7)], in: path)
            queue.merge([FileName(second(1)), FileName(second(7))], in: directory)
            #expect(drain(&queue) == [second(1), second(6), second(7)])
        }
    }

    @Test func `of a backlog beyond the limit the oldest come first, and all of it in order`() throws {
        try withTemporaryDirectory { path in
            let names = (1_000..<1_100).map { second($0) }
            try touch(names.shuffled(), in: path)
            let directory = try Directory.open(path)
            var queue = SpoolQueue(limitFiles: 16)
            var seen: [String] = []
            while true {
                _ = try queue.list(directory)
                #expect(queue.count <= 16)
                guard !queue.isEmpty else { break }
                while let file = queue.next() {
                    seen.append(file.name.description)
                    try directory.remove(file.name)
                    queue.finish(file.name)
                }
            }
            #expect(seen == names)
            #expect(!queue.isTruncated)
        }
    }

    @Test func `a notice does not overtake what a full listing left in the directory`() throws {
        try withTemporaryDirectory { path in
            try touch((10..<20).map { second($0) }, in: path)
            let directory = try Directory.open(path)
            var queue = SpoolQueue(limitFiles: 4)
            _ = try queue.list(directory)
            try touch([second(30), second(5)], in: path)
            queue.merge([FileName(second(30)), FileName(second(5))], in: directory)
            #expect(drain(&queue) == [second(5), second(10), second(11), second(12), second(13)])
            #expect(queue.isTruncated)
        }
    }

    @Test func `files of one time come in the order of their notices, even where a listing found them before`() throws {
        try withTemporaryDirectory { path in
            try touch(["z.json", "b.json", "s.json", "a.json"], in: path)
            let directory = try Directory.open(path)
            var queue = SpoolQueue()
            _ = try queue.list(directory)
            try touch(["c.json"], in: path)
            queue.merge(["z.json", "s.json", "c.json", "a.json"].map { FileName($0) }, in: directory)
            #expect(drain(&queue) == ["b.json", "z.json", "s.json", "c.json", "a.json"])
        }
    }

    @Test func `a file that is found before its notice comes after those of its time whose notices were read`() throws {
        try withTemporaryDirectory { path in
            try touch(["1.5_z.json", "1.5_b.json", "1.5_a.json"], in: path)
            let directory = try Directory.open(path)
            var looking = SpoolQueue()
            looking.merge([FileName("1.5_z.json")], in: directory)
            looking.retry(FileName("1.5_a.json"), in: directory)
            #expect(drain(&looking) == ["1.5_z.json", "1.5_a.json"])
            var listing = SpoolQueue()
            listing.merge([FileName("1.5_z.json")], in: directory)
            _ = try listing.list(directory)
            #expect(drain(&listing) == ["1.5_z.json", "1.5_a.json", "1.5_b.json"])
        }
    }

    @Test func `a file that was put under the name of one that is done is taken in with its notice`() throws {
        try withTemporaryDirectory { path in
            try touch(["a.json"], in: path)
            let directory = try Directory.open(path)
            var queue = SpoolQueue()
            queue.merge([FileName("a.json")], in: directory)
            #expect(drain(&queue) == ["a.json"])
            try touch(["0.json"], in: path)
            queue.merge([FileName("a.json"), FileName("0.json")], in: directory)
            queue.retake(FileName("a.json"), in: directory)
            #expect(drain(&queue) == ["a.json", "0.json"])
        }
    }

    @Test func `a name without a time takes the file's`() throws {
        try withTemporaryDirectory { path in
            try touch(["new.json", "1729000000.json"], in: path)
            try setModified("new.json", to: 1_728_000_000, in: path)
            var queue = SpoolQueue()
            _ = try queue.list(Directory.open(path))
            #expect(drain(&queue) == ["new.json", "1729000000.json"])
        }
    }

    @Test func `many notices come out in order`() throws {
        try withTemporaryDirectory { path in
            let names = (1..<3_000).map { second($0) }
            try touch(names, in: path)
            var queue = SpoolQueue()
            queue.merge(names.shuffled().map { FileName($0) }, in: try Directory.open(path))
            #expect(drain(&queue) == names)
        }
    }

    @Test func `what notices told of does not overtake what a full listing left in the directory`() throws {
        try withTemporaryDirectory { path in
            let names = (100..<200).map { second($0) }
            try touch(names, in: path)
            let directory = try Directory.open(path)
            var queue = SpoolQueue(limitFiles: 8)
            // As after an overflow: some names, from anywhere among those that are there.
            queue.merge(stride(from: 100, to: 200, by: 9).map { FileName(second($0)) }, in: directory)
            var seen: [String] = []
            while seen.count < names.count {
                _ = try queue.list(directory)
                try #require(!queue.isEmpty)
                while let file = queue.next() {
                    seen.append(file.name.description)
                    try directory.remove(file.name)
                    queue.finish(file.name)
                }
            }
            #expect(seen == names)
        }
    }

    @Test func `notices alone do not fill the memory, and nothing of them is lost`() throws {
        try withTemporaryDirectory { path in
            let names = (100..<200).map { second($0) }
            try touch(names, in: path)
            let directory = try Directory.open(path)
            var queue = SpoolQueue(limitFiles: 8)
            for name in names.shuffled() {
                queue.merge([FileName(name)], in: directory)
                #expect(queue.count <= 17)
            }
            #expect(queue.isTruncated)
            var seen: [String] = []
            while seen.count < names.count {
                while let file = queue.next() {
                    seen.append(file.name.description)
                    try directory.remove(file.name)
                    queue.finish(file.name)
                }
                _ = try queue.list(directory)
                if queue.isEmpty { break }
            }
            #expect(seen == names)
        }
    }

    @Test(arguments: [
        ("1795231805123456789-1-2-ab.jsonl", true, true), ("1795231805123456789-x.jsonl", true, true),
        ("at-1795231805123456789-1-2-ab.jsonl", true, true), ("1795231805_a-1-2-ab.jsonl", false, false),
        ("179523180512345678-1-2-ab.jsonl", false, false), ("1795231805.9058_6b01103ddd22e.json", false, true),
        ("status.json", false, false),
    ])
    func `a name by the contract is told from others, and one that is used once`(
        name: String, isByContract: Bool, isUsedOnce: Bool
    ) throws {
        try withTemporaryDirectory { path in
            try touch([name], in: path)
            var queue = SpoolQueue()
            let directory = try Directory.open(path)
            _ = queue.release(at: 1_900_000_000_000_000_000, in: directory)
            queue.retry(FileName(name), in: directory)
            let file = queue.next()
            #expect(file?.isNamedByContract == isByContract)
            #expect(file?.isNameUsedOnce == isUsedOnce)
            #expect(file?.isNoticed == false)
            queue.finish(FileName(name))
            queue.merge([FileName(name)], in: directory)
            let noticed = queue.next()
            #expect(noticed?.isNoticed == true)
        }
    }
}
