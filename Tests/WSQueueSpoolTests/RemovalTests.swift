import Foundation
import Glibc
import Support
import Testing
import WSQueueSpool
import WSQueueSystem

struct RemovalTests {
    private static let name = FileName("a.json")

    private struct Scene {
        let path: String
        let directory: Directory
        var mark: ReadMark?

        /// What becomes of the file; `nil` where that failed.
        func remove() -> Removal.Outcome? {
            try? Removal(RemovalTests.name, in: directory, readAs: mark).carryOut()
        }

        /// Takes the file, which somebody has open.
        func take() -> (removal: Removal, isOpen: Bool?)? {
            guard case .taken(let taken, let mark, let isOpen) = remove() else { return nil }
            return (Removal(taken, in: directory, readAs: mark), isOpen)
        }

        var names: [String] {
            ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).map {
                $0.hasPrefix(".taken-") ? ".taken" : $0
            }.sorted()
        }

        func write(_ text: String, to name: String = "a.json") throws {
            let file = try #require(fopen("\(path)/\(name)", "w"))
            fputs(text, file)
            fclose(file)
        }

        func rename(_ text: String) throws {
            try write(text, to: ".new")
            #expect(Glibc.rename("\(path)/.new", "\(path)/a.json") == 0)
        }

        func append(_ text: String) throws {
            let file = try #require(fopen("\(path)/a.json", "a"))
            fputs(text, file)
            fclose(file)
        }
    }

    /// A file that was read.
    private func withFile(_ text: String, isBatch: Bool = false, _ body: (Scene) throws -> Void) throws {
        try withTemporaryDirectory { path in
            var scene = Scene(path: path, directory: try Directory.open(path))
            try scene.write(text)
            let status = try scene.directory.status(of: Self.name)
            scene.mark = ReadMark(status, Array(text.utf8).span, isBatch: isBatch)
            try body(scene)
        }
    }

    @Test func `a file that is what was read goes`() throws {
        try withFile("{}") { scene in
            #expect(scene.remove() == .gone)
            #expect(scene.names == [])
        }
    }

    @Test func `a file that has gone is gone`() throws {
        try withFile("{}") { scene in
            try scene.directory.remove(Self.name)
            #expect(scene.remove() == .gone)
        }
    }

    @Test(arguments: ["{}", "{ }", "{\"event\":1}"])
    func `another file under the name stays`(text: String) throws {
        try withFile("{}") { scene in
            try scene.rename(text)
            #expect(scene.remove() == .other(Self.name))
            #expect(scene.names == ["a.json"])
        }
    }

    @Test(arguments: ["[]", "{ }", "", "{}{}", "{}x"])
    func `the same file with other contents stays, even within one tick of its clock`(text: String) throws {
        try withFile("{}") { scene in
            try scene.write(text)
            #expect(scene.remove() == .other(Self.name))
            #expect(scene.names == ["a.json"])
        }
    }

    @Test func `the same contents written once more are another event`() throws {
        try withFile("{}") { scene in
            let before = try scene.directory.status(of: Self.name)
            repeat {
                try scene.write("{}")
            } while try scene.directory.status(of: Self.name).modifiedNanoseconds == before.modifiedNanoseconds
            #expect(scene.remove() == .other(Self.name))
        }
    }

    @Test func `a copy that gets its time, its mode or its line's end after it was read is the same`() throws {
        try withFile("{}") { scene in
            try scene.directory.setModified(of: Self.name, 1_000_000_000)
            #expect(scene.remove() == .gone)
        }
        try withFile("{}") { scene in
            #expect(chmod("\(scene.path)/a.json", 0o600) == 0)
            #expect(scene.remove() == .gone)
        }
        try withFile("{}") { scene in
            try scene.append("\r\n")
            #expect(scene.remove() == .gone)
        }
    }

    @Test func `a batch that got longer is read on`() throws {
        try withFile("{}\n", isBatch: true) { scene in
            try scene.append("{}\n")
            #expect(scene.remove() == .grown(Self.name))
            #expect(scene.names == ["a.json"])
            try scene.write("{}x{}\n")
            #expect(scene.remove() == .other(Self.name))
        }
    }

    @Test func `a file that somebody has open is out of the way, and goes when it is closed`() throws {
        try withFile("{}") { scene in
            let writer = try #require(fopen("\(scene.path)/a.json", "r+"))
            let (taken, isOpen) = try #require(scene.take())
            #expect(isOpen == true)
            #expect(scene.names == [".taken"])
            guard case .taken = try taken.compare() else {
                Issue.record("not taken any more")
                return
            }
            fclose(writer)
            #expect(try taken.finish() == .gone)
            #expect(scene.names == [])
        }
    }

    @Test(arguments: [false, true])
    func `what is written into a file that was taken comes back, under its name where that is free`(
        isFree: Bool
    ) throws {
        try withFile("{}") { scene in
            let writer = try #require(fopen("\(scene.path)/a.json", "r+"))
            let (taken, _) = try #require(scene.take())
            if !isFree { try scene.rename("{}") }
            fputs("[1]", writer)
            fclose(writer)
            guard case .other(let name) = try taken.finish() else {
                Issue.record("not another event")
                return
            }
            #expect((name == Self.name) == isFree && (isFree || TakenName.original(name) == Self.name))
            #expect(scene.names == (isFree ? ["a.json"] : [".taken", "a.json"]))
        }
    }

    @Test func `what is written over a taken file comes back, though it is as long and its time is old`() throws {
        try withFile("{}") { scene in
            let writer = try #require(fopen("\(scene.path)/a.json", "r+"))
            let (taken, _) = try #require(scene.take())
            fputs("[]", writer)
            fflush(writer)
            let old = timespec(tv_sec: 1_700_000_000, tv_nsec: 0)
            try #require(futimens(fileno(writer), [old, old]) == 0)
            fclose(writer)
            #expect(try taken.finish() == .other(Self.name))
            #expect(scene.names == ["a.json"])
        }
    }

    @Test(arguments: [EIO, EACCES, ENOMEM])
    func `whichever call fails, the file stands where the outcome says and goes the next time`(code: Int32) throws {
        var didFail = true
        var number = 0
        while didFail {
            number += 1
            try withFile("{}") { scene in
                let (outcome, failed) = SystemCallFaults.failing(callNumber: number, with: code) {
                    Result { () throws(SystemCallError) in
                        try Removal(Self.name, in: scene.directory, readAs: scene.mark).carryOut()
                    }
                }
                didFail = failed
                switch outcome {
                case .success(.gone): #expect(scene.names == [], "call \(number)")
                case .success(.taken(let name, let mark, _)):
                    #expect(scene.names == [".taken"], "call \(number)")
                    let ended = try Removal(name, in: scene.directory, readAs: mark).finish()
                    #expect(ended == .gone)
                    #expect(scene.names == [])
                case .failure:
                    #expect(scene.names == ["a.json"], "call \(number)")
                    #expect(scene.remove() == .gone)
                default: Issue.record("call \(number): \(outcome)")
                }
            }
        }
        // A look, the rename, the look for writers, another look, and the end.
        #expect(number > 4)
    }

    @Test func `a name that is never used again is not looked at`() throws {
        try withTemporaryDirectory { path in
            let scene = Scene(path: path, directory: try Directory.open(path))
            try scene.write("x")
            #expect(try Removal(Self.name, in: scene.directory, readAs: nil).carryOut() == .gone)
            #expect(scene.names == [])
        }
    }

    @Test func `a name of ours says the former one, as far as there is room`() {
        let short = TakenName.make(for: Self.name)
        #expect(isOne(Array(short.bytes)) && TakenName.original(short) == Self.name)
        #expect(short != TakenName.make(for: Self.name))
        let long = TakenName.make(for: FileName(String(repeating: "x", count: 250) + ".json"))
        #expect(long.count == 255 && long.description.hasSuffix("xx.json"))
        for name in [".taken-", ".taken-1234567-a.json", "taken-12345678-a.json", ".taken-12345678-"] {
            #expect(!isOne(Array(name.utf8)), "\(name)")
        }
    }

    private func isOne(_ name: [UInt8]) -> Bool { TakenName.isOne(name.span) }
}
