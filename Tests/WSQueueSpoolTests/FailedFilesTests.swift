import Foundation
import Support
import Testing
import WSQueueCore
import WSQueueSpool
import WSQueueSystem

struct FailedFilesTests {
    private func names(in path: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: path)
    }

    private func failedFiles(_ path: String) throws -> FailedFiles {
        let spool = try Directory.open(path)
        return FailedFiles(spool: spool, ownEntries(in: spool))
    }

    /// Makes `count` entries in `.failed/` by `make`.
    private func fill(_ path: String, count: Int, _ make: (String) throws -> Void) throws {
        try FileManager.default.createDirectory(atPath: "\(path)/.failed", withIntermediateDirectories: false)
        for number in 0..<count { try make("\(path)/.failed/\(number).json") }
    }

    private func take(_ name: String, _ failed: inout FailedFiles, in path: String) throws -> FailedFiles.Pruned? {
        #expect(FileManager.default.createFile(atPath: "\(path)/\(name)", contents: nil))
        // The wall clock at 1970: no file is too old.
        return try failed.take(FileName(name), reason: "bad").pruned
    }

    @Test(arguments: [EINVAL, ENOSYS])
    func `where a rename cannot refuse to replace, a link stands in`(code: Int32) throws {
        try withTemporaryDirectory { path in
            var failed = try failedFiles(path)
            for name in ["a.json", "a.json.2"] {
                #expect(FileManager.default.createFile(atPath: "\(path)/a.json", contents: nil))
                let taken = try SystemCallFaults.failing(next: 1, "rename", on: "\(path)/.failed/", with: code) {
                    try failed.take(FileName("a.json"), reason: "bad").name
                }
                #expect(taken.didFail && taken.result == FileName(name))
            }
            #expect(try names(in: "\(path)/.failed").sorted() == ["a.json", "a.json.2", "a.json.2.why", "a.json.why"])
            #expect(try names(in: path) == [".failed"])
        }
    }

    @Test func `one file too many makes room for many more`() throws {
        try withTemporaryDirectory(isInMemory: true) { path in
            try fill(path, count: FailedFiles.limitFiles) {
                #expect(FileManager.default.createFile(atPath: $0, contents: nil))
            }
            var failed = try failedFiles(path)
            let pruned = try (0..<500).map { try take("new\($0).json", &failed, in: path)?.count }
            // Each look at what can go is a listing and as many calls as there are files.
            #expect(pruned.compactMap(\.self) == [1_001])
            #expect(try #require(pruned.first) == 1_001)
            let left = try names(in: "\(path)/.failed").filter { $0.hasSuffix(".json") }
            #expect(left.count == FailedFiles.limitFiles + 500 - 1_001)
            #expect(left.contains("new0.json"))
        }
    }

    @Test func `a reason that a killed server has left without its file does not stand for another`() throws {
        try withTemporaryDirectory(isInMemory: true) { path in
            try fill(path, count: 0) { _ in }
            #expect(FileManager.default.createFile(atPath: "\(path)/.failed/a.json.why", contents: nil))
            var failed = try failedFiles(path)
            _ = try take("a.json", &failed, in: path)
            #expect(try names(in: "\(path)/.failed").sorted() == ["a.json", "a.json.why"])
            #expect(try String(contentsOfFile: "\(path)/.failed/a.json.why", encoding: .utf8) == "bad\n")
        }
    }

    @Test func `as many files as may be there make no room`() throws {
        try withTemporaryDirectory(isInMemory: true) { path in
            try fill(path, count: FailedFiles.limitFiles - 2) {
                #expect(FileManager.default.createFile(atPath: $0, contents: nil))
            }
            var failed = try failedFiles(path)
            let pruned = try (0..<3).map { try take("new\($0).json", &failed, in: path) != nil }
            #expect(pruned == [false, false, true])
        }
    }

    @Test func `more than may be on the disk makes room, the oldest first, and holes take none`() throws {
        try withTemporaryDirectory { path in
            var failed = try failedFiles(path)
            for number in 0..<3 {
                let file = "\(path)/big\(number).json"
                #expect(FileManager.default.createFile(atPath: file, contents: nil))
                let handle = try #require(FileHandle(forWritingAtPath: file))
                // The second is nothing but a hole.
                if number == 1 {
                    try handle.truncate(atOffset: 1 << 40)
                } else {
                    for _ in 0..<100 { handle.write(Data(repeating: 1, count: 1_400_000)) }
                }
                try handle.close()
                let pruned = try failed.take(FileName("big\(number).json"), reason: "bad").pruned
                #expect(pruned?.count == (number == 2 ? 1 : nil))
            }
            let left = try names(in: "\(path)/.failed").sorted()
            #expect(left == ["big1.json", "big1.json.why", "big2.json", "big2.json.why"])
        }
    }

    @Test func `what somebody has deleted takes no room`() throws {
        try withTemporaryDirectory { path in
            var failed = try failedFiles(path)
            for (name, megabytes) in [("deleted.json", 250), ("kept.json", 10)] {
                let file = try #require(fopen("\(path)/\(name)", "w"))
                #expect(posix_fallocate(fileno(file), 0, megabytes * 1_048_576) == 0)
                fclose(file)
                #expect(try failed.take(FileName(name), reason: "bad").pruned == nil)
                unlink("\(path)/.failed/deleted.json")
            }
            #expect(try names(in: "\(path)/.failed").contains("kept.json"))
        }
    }

    @Test func `a directory that is not empty goes as a file does, and shields nothing`() throws {
        try withTemporaryDirectory(isInMemory: true) { path in
            try FileManager.default.createDirectory(
                atPath: "\(path)/.failed/0.json/inside/deep", withIntermediateDirectories: true)
            #expect(FileManager.default.createFile(atPath: "\(path)/.failed/0.json/inside/x", contents: nil))
            for number in 1...FailedFiles.limitFiles {
                #expect(FileManager.default.createFile(atPath: "\(path)/.failed/\(number).json", contents: nil))
            }
            var failed = try failedFiles(path)
            #expect(failed.prune(AgeClock(uptime: 0, unix: 0))?.count == 1_001)
            #expect(try !names(in: "\(path)/.failed").contains("0.json"))
        }
    }

    @Test func `an overview has the count and why the newest are here, and sees what comes`() throws {
        try withTemporaryDirectory { path in
            var failed = try failedFiles(path)
            #expect(failed.overview(limit: 2).count == 0)
            for number in 1...3 { _ = try take("\(number).json", &failed, in: path) }
            let overview = failed.overview(limit: 2)
            #expect(overview.count == 3)
            #expect(overview.newest.map(\.name) == ["3.json", "2.json"])
            #expect(overview.newest.map(\.reason) == ["bad", "bad"])
        }
    }

    @Test func `an overview neither waits nor follows where a reason should be`() throws {
        try withTemporaryDirectory { path in
            try fill(path, count: 1) { #expect(FileManager.default.createFile(atPath: $0, contents: nil)) }
            try FileManager.default.createSymbolicLink(
                atPath: "\(path)/.failed/0.json.why", withDestinationPath: "/etc/passwd")
            var failed = try failedFiles(path)
            #expect(failed.overview(limit: 2).newest.map(\.reason) == [""])
        }
    }

    @Test func `empty directories that were set aside go like files`() throws {
        try withTemporaryDirectory(isInMemory: true) { path in
            try fill(path, count: FailedFiles.limitFiles + 1) {
                try FileManager.default.createDirectory(atPath: $0, withIntermediateDirectories: false)
            }
            var failed = try failedFiles(path)
            let pruned = failed.prune(AgeClock(uptime: 0, unix: 0))?.count
            #expect(pruned == 1_001)
        }
    }
}
