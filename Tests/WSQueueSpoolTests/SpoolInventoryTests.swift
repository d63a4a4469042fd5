import Foundation
import Support
import Testing
import WSQueueSpool
import WSQueueSystem

struct SpoolInventoryTests {
    private static let now: Int64 = 2_000_000_000_000_000_000

    private func fill(_ path: String, _ names: [String]) throws -> Directory {
        try FileManager.default.createDirectory(atPath: "\(path)/.failed", withIntermediateDirectories: true)
        for name in names {
            #expect(FileManager.default.createFile(atPath: "\(path)/\(name)", contents: Data("{\"event\":\"e\"}".utf8)))
            let (file, date) = ("\(path)/\(name)", Date(timeIntervalSince1970: 2_000_000_000))
            try FileManager.default.setAttributes([.modificationDate: date], ofItemAtPath: file)
        }
        return try Directory.open(path)
    }

    private func paths(_ spool: Directory, _ state: SpoolItem.State, page: Int) throws -> [String] {
        var inventory = try SpoolInventory(spool, state, unix: Self.now, pageFiles: page)
        var paths: [String] = []
        while true {
            let items = try inventory.nextPage()
            #expect(items.count <= page)
            if items.isEmpty { return paths }
            paths += items.map(\.path)
        }
    }

    @Test(arguments: [1, 2, 3, 7, 8, 100])
    func `pages of any size together are all files, the oldest first`(page: Int) throws {
        try withTemporaryDirectory { path in
            let names = [9, 3, 5, 1, 8, 2, 7].map { "100000000\($0)000000000-a.json" }
            let spool = try fill(path, names + [".hidden.json", "note.txt", ".1000000000.json.tmp"])
            #expect(try paths(spool, .waiting, page: page) == names.sorted())
        }
    }

    @Test func `each file is in one state`() throws {
        try withTemporaryDirectory { path in
            let spool = try fill(
                path,
                [
                    "1000000000000000000-a.json", "at-1000000001000000000-a.json", "at-2000000001000000000-a.jsonl",
                    ".held-1000000002000000000-a.json",
                    ".held-at-2000000002000000000-a.json", ".held-.json.tmp", ".failed/1.json", ".failed/1.json.why",
                    ".failed/1.json.2", ".failed/.x",
                ])
            #expect(
                try paths(spool, .waiting, page: 9) == ["1000000000000000000-a.json", "at-1000000001000000000-a.json"])
            #expect(try paths(spool, .later, page: 9) == ["at-2000000001000000000-a.jsonl"])
            #expect(
                try paths(spool, .held, page: 9) == [
                    ".held-1000000002000000000-a.json", ".held-at-2000000002000000000-a.json",
                ])
            #expect(try paths(spool, .failed, page: 9).sorted() == [".failed/1.json", ".failed/1.json.2"])
        }
    }

    @Test func `without a directory of failures there are none`() throws {
        try withTemporaryDirectory { path in
            let found = try paths(try Directory.open(path), .failed, page: 9)
            #expect(found == [])
        }
    }

    @Test(
        arguments: [
            ("{\"event\":\"a.b\",\"payload\":1}", "a.b"), ("{\"payload\":{\"event\":\"x\"},\"event\":\"y\"}", "y"),
            ("{\n  \"event\": \"lines\"\n}", "lines"), ("{\"event\":\"cut", nil), ("{\"event\":7}", nil), ("", nil),
            ("{\"event\":\"\\u001b[2J\"}", nil), ("{\"ev\\u0065nt\":\"escaped\"}", "escaped"), ("[]", nil),
        ] as [(String, String?)])
    func `the event's name is read of what stands there`(text: String, name: String?) throws {
        try withTemporaryDirectory { path in
            let spool = try fill(path, [])
            #expect(FileManager.default.createFile(atPath: "\(path)/a.json", contents: Data(text.utf8)))
            var inventory = try SpoolInventory(spool, .waiting, unix: Self.now)
            let items = try inventory.nextPage()
            let item = try #require(items.first)
            let glance = try #require(inventory.glance(at: item))
            #expect(glance.eventName == name)
            #expect(glance.sizeBytes == Int64(text.utf8.count))
        }
    }

    @Test func `a name behind a long payload is found, and of a batch the first`() throws {
        try withTemporaryDirectory { path in
            let spool = try fill(path, [])
            let long = "{\"payload\":\"\(String(repeating: "x", count: 20_000))\",\"event\":\"far\"}"
            #expect(FileManager.default.createFile(atPath: "\(path)/1.json", contents: Data(long.utf8)))
            let batch = "\n{\"event\":\"one\"}\n{\"event\":\"two\"}\n"
            #expect(FileManager.default.createFile(atPath: "\(path)/2.jsonl", contents: Data(batch.utf8)))
            var inventory = try SpoolInventory(spool, .waiting, unix: Self.now)
            let items = try inventory.nextPage()
            let names = items.map { inventory.glance(at: $0)?.eventName }
            #expect(names == ["far", "one"])
        }
    }
}
