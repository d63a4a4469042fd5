import Foundation
import Glibc
import Support
import Testing
import WSQueueCore
import WSQueueSpool
import WSQueueSystem

struct SpoolReaderTests {
    private func fault(_ outcome: SpoolReader.Outcome) -> SpoolFault? {
        if case .fault(let fault, _) = outcome { return fault }
        return nil
    }

    private func write(_ text: String, _ name: String, in path: String) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: "\(path)/\(name)"))
    }

    @Test(arguments: [0, 1, 99, 100])
    func `a file within the limit is read whole`(count: Int) throws {
        try withTemporaryDirectory { path in
            try write(String(repeating: "x", count: count), "a.json", in: path)
            let reader = try SpoolReader.opened(Directory.open(path))
            guard case .contents(let status) = reader.read(FileName("a.json"), limitBytes: 100) else {
                Issue.record("not read")
                return
            }
            #expect(reader.contents.count == count)
            #expect(status.sizeBytes == Int64(count))
        }
    }

    @Test func `a file over the limit is refused without being read`() throws {
        try withTemporaryDirectory { path in
            try write(String(repeating: "x", count: 101), "a.json", in: path)
            let reader = try SpoolReader.opened(Directory.open(path))
            #expect(fault(reader.read(FileName("a.json"), limitBytes: 100)) == .tooLarge(limitBytes: 100))
            #expect(reader.contents.isEmpty)
        }
    }

    @Test func `the next read knows nothing of the one before`() throws {
        try withTemporaryDirectory { path in
            try write("long contents", "a.json", in: path)
            try write("b", "b.json", in: path)
            let reader = try SpoolReader.opened(Directory.open(path))
            _ = reader.read(FileName("a.json"), limitBytes: 100)
            _ = reader.read(FileName("b.json"), limitBytes: 100)
            #expect(reader.contents == Array("b".utf8))
        }
    }

    @Test func `what is no regular file is neither followed nor waited for`() throws {
        try withTemporaryDirectory { path in
            try write("{}", "real", in: path)
            try FileManager.default.createSymbolicLink(
                atPath: "\(path)/link.json", withDestinationPath: "\(path)/real")
            #expect(mkfifo("\(path)/pipe.json", 0o600) == 0)
            try FileManager.default.createDirectory(
                atPath: "\(path)/directory.json", withIntermediateDirectories: false)
            let reader = try SpoolReader.opened(Directory.open(path))
            let faults = ["link", "pipe", "directory"].map {
                fault(reader.read(FileName("\($0).json"), limitBytes: 100))
            }
            #expect(faults == [.notRegular("symbolic link"), .notRegular("FIFO"), .notRegular("directory")])
        }
    }

    @Test func `a second name is a fault, and a missing file is none`() throws {
        try withTemporaryDirectory { path in
            try write("{}", "a.json", in: path)
            try FileManager.default.linkItem(atPath: "\(path)/a.json", toPath: "\(path)/b.json")
            let reader = try SpoolReader.opened(Directory.open(path))
            #expect(fault(reader.read(FileName("a.json"), limitBytes: 100)) == .hardLinks(2))
            #expect(reader.read(FileName("c.json"), limitBytes: 100) == .gone)
        }
    }

    @Test func `what was set aside comes back under its name only where that is free`() throws {
        try withTemporaryDirectory { path in
            let reader = try SpoolReader.opened(Directory.open(path))
            try write("first", "a.json", in: path)
            let moved = try reader.quarantine(FileName("a.json"), reason: "why").name
            let file = try #require(fopen("\(path)/.failed/a.json", "r+"))
            #expect(reader.isFailedBeingWritten(moved) == true)
            fclose(file)
            #expect(reader.isFailedBeingWritten(moved) == false)
            try write("second", "a.json", in: path)
            #expect(!reader.restore(moved, as: FileName("a.json")))
            #expect(unlink("\(path)/a.json") == 0)
            #expect(reader.restore(moved, as: FileName("a.json")))
            #expect(try String(contentsOfFile: "\(path)/a.json", encoding: .utf8) == "first")
            #expect(!FileManager.default.fileExists(atPath: "\(path)/.failed/a.json.why"))
        }
    }

    @Test func `what was set aside not long ago is known by the name that it had, and whether it has changed`() throws {
        try withTemporaryDirectory { path in
            let reader = try SpoolReader.opened(Directory.open(path))
            for text in ["first", "second"] {
                try write(text, "a.json", in: path)
                _ = try reader.quarantine(FileName("a.json"), reason: "why")
            }
            try write("no name of an event", "what", in: "\(path)/.failed")
            let file = try #require(fopen("\(path)/.failed/a.json.2", "a"))
            fputs("more", file)
            fclose(file)
            let unix = Clock.unixNanoseconds()
            let recent = reader.recentFailures(unix: unix, limit: 9).sorted {
                $0.moved.description < $1.moved.description
            }
            #expect(recent.map(\.moved.description) == ["a.json", "a.json.2"])
            #expect(recent.map(\.name.description) == ["a.json", "a.json"])
            #expect(recent.last?.isChanged == true)
            #expect(reader.recentFailures(unix: unix, limit: 1).count == 1)
            #expect(reader.recentFailures(unix: unix + 3_700_000_000_000, limit: 9).isEmpty)
            // Somebody has tidied up.
            try FileManager.default.removeItem(atPath: "\(path)/.failed")
            try write("third", "a.json", in: path)
            #expect(try reader.quarantine(FileName("a.json"), reason: "why").name == FileName("a.json"))
        }
    }

    @Test func `what was read of a batch is not what was read of an event`() throws {
        try withTemporaryDirectory { path in
            try write("x", "a.json", in: path)
            let status = try Directory.open(path).status(of: FileName("a.json"))
            let bytes: [UInt8] = [120]
            let (one, other) = (
                ReadMark(status, bytes.span, isBatch: true), ReadMark(status, bytes.span, isBatch: false)
            )
            #expect(one != other && one == ReadMark(status, bytes.span, isBatch: true))
        }
    }

    @Test func `a quarantined file is moved whole, with its reason beside it, and replaces nothing`() throws {
        try withTemporaryDirectory { path in
            let reader = try SpoolReader.opened(Directory.open(path))
            var names: [String] = []
            for text in ["first", "second"] {
                try write(text, "a.json", in: path)
                names.append(try reader.quarantine(FileName("a.json"), reason: "why \(text)").name.description)
            }
            #expect(names == ["a.json", "a.json.2"])
            let failed = "\(path)/.failed"
            #expect(try String(contentsOfFile: "\(failed)/a.json", encoding: .utf8) == "first")
            #expect(try String(contentsOfFile: "\(failed)/a.json.why", encoding: .utf8) == "why first\n")
            #expect(try String(contentsOfFile: "\(failed)/a.json.2.why", encoding: .utf8) == "why second\n")
            #expect(!FileManager.default.fileExists(atPath: "\(path)/a.json"))
        }
    }

    @Test func `what is older than thirty days goes with its reason`() throws {
        try withTemporaryDirectory { path in
            let reader = try SpoolReader.opened(Directory.open(path))
            try write("x", "a.json", in: path)
            _ = try reader.quarantine(FileName("a.json"), reason: "bad")
            let now = Int64(Date().timeIntervalSince1970) * 1_000_000_000
            var ages = AgeClock(uptime: 0, unix: now)
            #expect(reader.pruneFailedFiles(ages) == nil)
            // A clock that is set makes nothing older.
            let late = FailedFiles.limitNanoseconds + 60_000_000_000
            ages.observe(uptime: 1_000_000_000, unix: now + late)
            #expect(reader.pruneFailedFiles(ages) == nil)
            ages.observe(uptime: late, unix: now + 2 * late - 1_000_000_000)
            #expect(reader.pruneFailedFiles(ages)?.count == 1)
            #expect(try FileManager.default.contentsOfDirectory(atPath: "\(path)/.failed").isEmpty)
        }
    }

    /// Its event is sent, and the file deleted only while it looks as it did: with the status of before, it would stay and
    /// be sent again.
    @Test func `a file that is written in place while it is read has the status of what was read`() throws {
        try withTemporaryDirectory { path in
            let reader = try SpoolReader.opened(Directory.open(path))
            let text = Array("{\"event\":\"a\"}".utf8)
            let isOver = Guarded(false)
            let isWritten = DispatchGroup()
            DispatchQueue.global().async(group: isWritten) {
                while !isOver.withLock({ $0 }) {
                    let file = open("\(path)/a.json", O_WRONLY | O_CREAT | O_EXCL, 0o644)
                    _ = Glibc.write(file, text, text.count)
                    close(file)
                    unlink("\(path)/a.json")
                }
            }
            var times = 0
            while times < 5_000 {
                guard case .contents(let status) = reader.read(FileName("a.json"), limitBytes: 100),
                    reader.contents == text
                else { continue }
                times += 1
                if status.sizeBytes != text.count {
                    Issue.record("\(text.count) bytes read, \(status.sizeBytes) by the status")
                    break
                }
            }
            isOver.withLock { $0 = true }
            isWritten.wait()
        }
    }
}

extension SpoolReader {
    /// Works in a spool as a server does.
    static func opened(_ directory: Directory) throws -> SpoolReader {
        try SpoolReader(directory, ownEntries(in: directory))
    }
}
