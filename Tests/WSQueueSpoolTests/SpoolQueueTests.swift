import Foundation
import Support
import Testing
import WSQueueSpool
import WSQueueSystem

struct SpoolQueueTests {
    private func touch(_ names: [String], in path: String) throws {
        for name in names { try Data().write(to: URL(fileURLWithPath: "\(path)/\(name)")) }
    }

    private func drain(_ queue: inout SpoolQueue) -> [String] {
        var names: [String] = []
        while let file = queue.next() { names.append(file.name.description) }
        return names
    }

    @Test func `a listing gives the files by time and each once, however often it is made`() throws {
        try withTemporaryDirectory { path in
            try touch(["1729000002.json", "1729000001.5_b.json", "1729000001.51_a.json", "3.jsonl"], in: path)
            let directory = try Directory.open(path)
            var queue = SpoolQueue()
            let added = try (0..<3).map { _ in try queue.list(directory).added }
            #expect(added == [4, 0, 0])
            #expect(
                drain(&queue) == ["3.jsonl", "1729000001.5_b.json", "1729000001.51_a.json", "1729000002.json"])
        }
    }

    @Test func `the oldest is the one that is next, whether listed or noticed`() throws {
        try withTemporaryDirectory { path in
            try touch(["2.json", "3.json"], in: path)
            let directory = try Directory.open(path)
            var queue = SpoolQueue()
            #expect(queue.oldest == nil)
            _ = try queue.list(directory)
            try touch(["1.json", "4.json"], in: path)
            queue.merge([FileName("4.json"), FileName("1.json")], in: directory)
            while let oldest = queue.oldest {
                let next = queue.next()
                #expect(oldest == next)
            }
            #expect(queue.isEmpty)
        }
    }

    @Test func `hidden names are passed over, and other names are told once`() throws {
        try withTemporaryDirectory { path in
            try touch([".1.json.tmp", "notes.txt", "1.JSON", "1.json"], in: path)
            let directory = try Directory.open(path)
            var queue = SpoolQueue()
            let first = try queue.list(directory)
            let second = try queue.list(directory)
            #expect(Set(first.foreign.map(\.description)) == ["notes.txt", "1.JSON"])
            #expect(second.foreign.isEmpty)
            #expect(drain(&queue) == ["1.json"])
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
            try touch(["1.json", "2.json"], in: path)
            let directory = try Directory.open(path)
            var queue = SpoolQueue()
            queue.merge([FileName("2.json"), FileName("2.json")], in: directory)
            _ = try queue.list(directory)
            #expect(drain(&queue) == ["1.json", "2.json"])
            queue.merge([FileName("1.json")], in: directory)
            #expect(queue.isEmpty)
            queue.finish(FileName("1.json"))
            queue.merge([FileName("1.json")], in: directory)
            #expect(drain(&queue) == ["1.json"])
        }
    }

    @Test func `what comes late with an earlier time is next`() throws {
        try withTemporaryDirectory { path in
            try touch(["5.json", "6.json"], in: path)
            let directory = try Directory.open(path)
            var queue = SpoolQueue()
            _ = try queue.list(directory)
            #expect(queue.next()?.name == FileName("5.json"))
            queue.merge([FileName("1.json"), FileName("7.json")], in: directory)
            #expect(drain(&queue) == ["1.json", "6.json", "7.json"])
        }
    }

    @Test func `of a backlog beyond the limit the oldest come first, and all of it in order`() throws {
        try withTemporaryDirectory { path in
            let names = (1_000..<1_100).map { "\($0).json" }
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
            try touch((10..<20).map { "\($0).json" }, in: path)
            let directory = try Directory.open(path)
            var queue = SpoolQueue(limitFiles: 4)
            _ = try queue.list(directory)
            queue.merge([FileName("30.json"), FileName("5.json")], in: directory)
            #expect(drain(&queue) == ["5.json", "10.json", "11.json", "12.json", "13.json"])
            #expect(queue.isTruncated)
        }
    }

    @Test func `a name without a time takes the file's`() throws {
        try withTemporaryDirectory { path in
            try touch(["new.json", "1729000000.json"], in: path)
            let old = Date(timeIntervalSince1970: 1_728_000_000)
            try FileManager.default.setAttributes([.modificationDate: old], ofItemAtPath: "\(path)/new.json")
            var queue = SpoolQueue()
            _ = try queue.list(Directory.open(path))
            #expect(drain(&queue) == ["new.json", "1729000000.json"])
        }
    }

    @Test func `many notices come out in order`() throws {
        try withTemporaryDirectory { path in
            let names = (1..<3_000).map { "\(1_000_000 + $0).json" }
            var queue = SpoolQueue()
            queue.merge(names.shuffled().map { FileName($0) }, in: try Directory.open(path))
            #expect(drain(&queue) == names)
        }
    }

    @Test func `what notices told of does not overtake what a full listing left in the directory`() throws {
        try withTemporaryDirectory { path in
            let names = (100..<200).map { "\($0).json" }
            try touch(names, in: path)
            let directory = try Directory.open(path)
            var queue = SpoolQueue(limitFiles: 8)
            // As after an overflow: some names, from anywhere among those that are there.
            queue.merge(stride(from: 100, to: 200, by: 9).map { FileName("\($0).json") }, in: directory)
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
            let names = (100..<200).map { "\($0).json" }
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
        ("1795231805123456789-1-2-ab.jsonl", true), ("1795231805123456789-1-2-.jsonl", false),
        ("1795231805_a-1-2-ab.jsonl", false), ("179523180512345678-1-2-ab.jsonl", false),
        ("1795231805123456789-x-2-ab.jsonl", false), ("1795231805123456789-1-2-ab-c.jsonl", false),
    ])
    func `a name by the contract is told from others`(name: String, isByContract: Bool) throws {
        try withTemporaryDirectory { path in
            var queue = SpoolQueue()
            let directory = try Directory.open(path)
            queue.retry(FileName(name), in: directory)
            let file = queue.next()
            #expect(file?.isNamedByContract == isByContract)
            #expect(file?.isNoticed == false)
            queue.finish(FileName(name))
            queue.merge([FileName(name)], in: directory)
            let noticed = queue.next()
            #expect(noticed?.isNoticed == true)
        }
    }
}
