import Foundation
import Support
import Testing
import WSQueueSpool
import WSQueueSystem

struct SpoolKeeperTests {
    private func withSpool(_ names: [String], _ body: (String, SpoolKeeper) throws -> Void) throws {
        try withTemporaryDirectory { path in
            try FileManager.default.createDirectory(atPath: "\(path)/queue/.failed", withIntermediateDirectories: true)
            #expect(FileManager.default.createFile(atPath: "\(path)/outside.json", contents: nil))
            for name in names {
                #expect(FileManager.default.createFile(atPath: "\(path)/queue/\(name)", contents: nil))
            }
            try body("\(path)/queue", SpoolKeeper(try Directory.open("\(path)/queue"), unix: 2_000_000_000_000_000_000))
        }
    }

    private func expectNames(_ path: String, _ names: Set<String>) {
        let found = try? FileManager.default.contentsOfDirectory(atPath: path)
        #expect(Set(found ?? ["nothing"]).subtracting([".failed"]) == names)
    }

    private static let states = SpoolItem.State.allCases

    @Test(arguments: [
        "../outside.json", "../outside", "/etc/passwd", ".failed/../../outside.json", ".failed/../1.json", "..", ".",
        "", ".lock", ".journal", ".1.json.tmp", ".failed", ".failed/", ".held-", ".held-../../outside.json", "a/b.json",
        "1.json\0", String(repeating: "x", count: 300), ".failed/.x",
    ])
    func `no word leads out of the spool or to what is no event file`(word: String) throws {
        try withSpool(["1.json", ".lock", ".1.json.tmp", ".failed/1.json", ".failed/.x"]) { _, keeper in
            #expect(throws: SpoolKeeper.Fault.self) { try keeper.find(word, Self.states) }
        }
    }

    @Test(
        arguments: [
            ("1.json", "1.json"), ("1", "1.json"), ("order-7", "id-order-7.json"), ("tea", "at-id-tea.json"),
            (".held-2.json", ".held-2.json"), ("2", ".held-2.json"), (".failed/3.json", ".failed/3.json"),
            ("3.json", ".failed/3.json"), ("4", "4.jsonl"), ("note.txt", nil), ("1.jso", nil), (".failed/1.json", nil),
            ("3.json.why", nil),
        ] as [(String, String?)])
    func `a file is found by its path, its name and its id`(word: String, path: String?) throws {
        let names = [
            "1.json", "id-order-7.json", "at-id-tea.json", ".held-2.json", ".failed/3.json", ".failed/3.json.why",
            "4.jsonl", "note.txt",
        ]
        try withSpool(names) { _, keeper in #expect((try? keeper.find(word, Self.states))?.path == path) }
    }

    @Test func `what is held comes back under its name`() throws {
        try withSpool(["1.json"]) { path, keeper in
            try keeper.hold(try keeper.find("1", [.waiting, .later]))
            let names = try FileManager.default.contentsOfDirectory(atPath: path)
            let held = try #require(names.first { $0.hasPrefix(".held-1.") })
            #expect(held.hasSuffix(".json") && held.utf8.count == 29)
            #expect(throws: SpoolKeeper.Fault.notFound("1")) { try keeper.find("1", [.waiting, .later]) }
            try keeper.release(try keeper.find("1", [.held]))
            expectNames(path, ["1.json"])
        }
    }

    @Test func `nothing is replaced`() throws {
        try withSpool(["1.json", ".held-1.json"]) { path, keeper in
            #expect(throws: SpoolKeeper.Fault.taken("1.json")) { try keeper.release(try keeper.find("1", [.held])) }
            expectNames(path, ["1.json", ".held-1.json"])
        }
    }

    @Test func `what was set aside comes back without its reason, beside what has its name`() throws {
        let failed = [".failed/1.json", ".failed/1.json.why", ".failed/1.json.2", ".failed/1.json.2.why"]
        try withSpool(["1.json"] + failed) { path, keeper in
            let first = try keeper.requeue(try keeper.find(".failed/1.json", [.failed]))
            let second = try keeper.requeue(try keeper.find(".failed/1.json.2", [.failed]))
            #expect([first, second] == [FileName("1-2.json"), FileName("1-3.json")])
            expectNames(path, ["1.json", "1-2.json", "1-3.json"])
            expectNames("\(path)/.failed", [])
        }
    }

    @Test func `what is removed from the failures takes its reason with it`() throws {
        try withSpool([".failed/1.json", ".failed/1.json.why"]) { path, keeper in
            try keeper.remove(try keeper.find("1", Self.states))
            expectNames("\(path)/.failed", [])
        }
    }

    @Test func `what is no regular file is neither opened nor brought back`() throws {
        try withSpool([]) { path, keeper in
            let name = "\(path)/.failed/1.json"
            try FileManager.default.createSymbolicLink(atPath: name, withDestinationPath: "/etc/passwd")
            let item = try keeper.find("1", [.failed])
            let fault = SpoolKeeper.Fault.notRegular(".failed/1.json", "symbolic link")
            #expect(throws: fault) { _ = try keeper.open(item) }
            #expect(throws: fault) { _ = try keeper.requeue(item) }
            try keeper.remove(item)
            expectNames("\(path)/.failed", [])
        }
    }
}
