import Foundation
import Support
import Testing
import WSQueueCore
import WSQueueSpool
import WSQueueSystem

struct SpoolPlaceTests {
    private static let contents: [UInt8] = Array("{\"event\":\"a\"}\n".utf8)

    private func withWriter(_ body: (SpoolWriter, String) throws -> Void) throws {
        try withTemporaryDirectory { path in try body(SpoolWriter(Directory.open(path)), path) }
    }

    private func write(_ writer: SpoolWriter, _ place: SpoolPlace, _ bytes: [UInt8] = contents) throws -> SpoolEntry {
        try writer.write(bytes.span, suffix: .event, at: place)
    }

    private func names(_ path: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: path).sorted()
    }

    @Test(arguments: [
        ("order-7", "id-order-7"), ("a/b", "id-a%2fb"), ("../x", "id-..%2fx"), ("Zoë 1", "id-Zo%c3%ab%201"),
        ("100%", "id-100%25"), ("\u{f}\u{10}", "id-%0f%10"),
        (String(repeating: "x", count: 255), "id%bd63c64d5e27a5b1cbb1d6a0a5e5f6d9d8b8b0a1"),
    ])
    func `the name of an id is a name of a file, and says it`(id: String, name: String) {
        let made = SpoolStem(identity: id).description
        if id.utf8.count < 200 { #expect(made == name) }
        #expect(made.utf8.count <= 200 && !made.utf8.contains(UInt8(ascii: "/")))
    }

    @Test func `ids that differ have names that differ`() {
        let ids =
            ["a", "A", "a%", "a%25", "a/", "a%2f", "id-a", " ", "%20"]
            + (200...255).map { String(repeating: "y", count: $0) }
        #expect(Set(ids.map { SpoolStem(identity: $0).description }).count == ids.count)
    }

    @Test func `a second event of an id that waits is not written`() throws {
        try withWriter { writer, path in
            let place = SpoolPlace(identity: "x")
            let isNew1 = try write(writer, place).isNew
            #expect(isNew1)
            let isNew2 = try write(writer, place, []).isNew
            #expect(isNew2 == false)
            let later = SpoolPlace(identity: "x", dueNanoseconds: .max / 2)
            let isNew3 = try write(writer, later, []).isNew
            #expect(isNew3 == false)
            #expect(try names(path) == ["id-x.json"])
            let kept = FileManager.default.contents(atPath: "\(path)/id-x.json")
            #expect(kept == Data(Self.contents))
        }
    }

    @Test func `two publishers of one id at once leave one file and nothing hidden`() throws {
        try withWriter { writer, path in
            var first = try writer.begin(.event)
            try first.append(Self.contents.span)
            let isNew4 = try write(writer, SpoolPlace(identity: "x")).isNew
            #expect(isNew4)
            let second = try first.publish(at: SpoolPlace(identity: "x"))
            #expect(!second.isNew)
            #expect(try names(path) == ["id-x.json"])
        }
    }

    @Test func `events with ids keep the order of their process`() throws {
        try withWriter { writer, path in
            var queue = SpoolQueue()
            for id in ["c", "a", "b"] {
                _ = try writer.write(Self.contents.span, suffix: .event, at: SpoolPlace(identity: id))
            }
            _ = try queue.list(writer.directory)
            var order: [String] = []
            while let file = queue.next() { order.append(file.name.description) }
            #expect(order == ["id-c.json", "id-a.json", "id-b.json"])
        }
    }

    @Test func `what is held is released once, at its new place in the order`() throws {
        try withWriter { writer, path in
            let stem = writer.nextStem()
            var file = try writer.begin(.event)
            try file.append(Self.contents.span)
            _ = try file.ready(held: stem, "abcdefghijklmnop").reveal()
            let between = try writer.write(Self.contents.span, suffix: .event)
            #expect(try names(path).filter { !$0.hasPrefix(".") }.count == 1)
            let held = try #require(writer.held("\(stem.description).abcdefghijklmnop"))
            #expect(try writer.release(held).stem.description > between.description)
            #expect(writer.held(stem.description) == nil)
            #expect(try names(path).count == 2)
        }
    }

    @Test(.enabled(if: getuid() == 0)) func `another user's event of the same id is another event`() throws {
        try withWriter { writer, path in
            let place = SpoolPlace(identity: "x")
            _ = try writer.write(Self.contents.span, suffix: .event, at: place)
            #expect(chown("\(path)/id-x.json", 12_345, 12_345) == 0)
            let own = try writer.write(Self.contents.span, suffix: .event, at: place)
            #expect(own.isNew && own.stem.description != "id-x")
            var file = try writer.begin(.event)
            try file.append(Self.contents.span)
            _ = try file.ready(held: SpoolStem(identity: "x"), "abcdefghijklmnop").reveal()
            let held = try #require(writer.held("x.abcdefghijklmnop"))
            #expect(try writer.release(held).isNew)
            #expect(try names(path).filter { $0.hasSuffix(".json") }.count == 3)
        }
    }

    @Test func `what is held is aborted once`() throws {
        try withWriter { writer, path in
            var file = try writer.begin(.event)
            try file.append(Self.contents.span)
            _ = try file.ready(held: SpoolStem(identity: "x/y"), "abcdefghijklmnop").reveal()
            #expect(try writer.abort("x/y") == false)
            #expect(try writer.abort("x/y.abcdefghijklmnop"))
            #expect(try writer.abort("x/y.abcdefghijklmnop") == false)
            #expect(try names(path) == [])
        }
    }

    @Test func `only what is not due yet is taken back`() throws {
        try withWriter { writer, path in
            let due = try writer.write(Self.contents.span, suffix: .event, at: SpoolPlace(dueNanoseconds: 1_000_000))
            let named = SpoolPlace(identity: "x", dueNanoseconds: 9_000_000_000)
            _ = try writer.write(Self.contents.span, suffix: .event, at: named)
            #expect(try writer.cancel(due.stem.description, unix: 2_000_000) == false)
            #expect(try writer.cancel(due.stem.description, unix: 0))
            #expect(try writer.cancel("x", unix: 9_000_000_000) == false)
            #expect(try writer.cancel("x", unix: 8_999_999_999))
            #expect(try writer.cancel("x", unix: 0) == false)
            #expect(try names(path) == [])
        }
    }

    @Test func `hidden files of dead publishers go after an hour, and nothing else does`() throws {
        try withWriter { writer, path in
            let dead = [
                ".1795231805123456789-999999999-1-0a1b2c3d.json.tmp", ".1795231805123456789-999999999-1-ff.json",
                ".x.tmp",
            ]
            let kept = [".held-1795231805123456789-1-1-1.json", ".held-x.tmp", ".lock", ".htaccess", "a.json", "a.tmp"]
            for name in dead + kept { try Data().write(to: URL(fileURLWithPath: "\(path)/\(name)")) }
            let now = Clock.unixNanoseconds()
            let sweeper = AbandonedFiles(try SpoolReader.opened(writer.directory))
            var ages = AgeClock(uptime: 0, unix: now - 1_000_000_000)
            let rest = AbandonedFiles.restNanoseconds
            ages.observe(uptime: rest - 60_000_000_000, unix: now + rest - 60_000_000_000)
            #expect(sweeper.sweep(ages).isEmpty)
            let open = try writer.begin(.event)
            // A clock that is set lets nothing go within an hour.
            var set = ages
            set.observe(uptime: rest + 60_000_000_000, unix: now + 10 * rest)
            #expect(sweeper.sweep(set).isEmpty)
            ages.observe(uptime: rest + 60_000_000_000, unix: now + rest + 60_000_000_000)
            let swept = sweeper.sweep(ages)
            #expect(Set(swept.map(\.description)) == Set(dead))
            #expect(try names(path).count == kept.count + 1)
            _ = try open.publish()
        }
    }

    @Test func `a hidden file stays as long as it cannot be asked whether somebody writes it`() throws {
        try withWriter { writer, path in
            let name = ".1795231805123456789-999999999-1-0a1b2c3d.json.tmp"
            try Data().write(to: URL(fileURLWithPath: "\(path)/\(name)"))
            let sweeper = AbandonedFiles(try SpoolReader.opened(writer.directory))
            let (now, age) = (Clock.unixNanoseconds(), 2 * AbandonedFiles.restNanoseconds)
            var ages = AgeClock(uptime: 0, unix: now)
            ages.observe(uptime: age, unix: now + age)
            let sweep = SystemCallFaults.failing(next: 1, "open", on: "\(path)/\(name)", with: EIO) {
                sweeper.sweep(ages)
            }
            #expect(sweep.didFail && sweep.result.isEmpty)
            #expect(sweeper.sweep(ages).map(\.description) == [name])
        }
    }
}
