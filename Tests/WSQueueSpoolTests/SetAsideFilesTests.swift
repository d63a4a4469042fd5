import Foundation
import Support
import Testing
import WSQueueSpool
import WSQueueSystem

struct SetAsideFilesTests {
    @Test func `a file that changes where it was set aside comes back three times`() throws {
        try withTemporaryDirectory { path in
            let directory = try Directory.open(path)
            let reader = try SpoolReader(directory, ownEntries(in: directory))
            var aside = SetAsideFiles()
            let name = FileName("x.json")
            var now: Int64 = 10_000_000_000
            try Data("1".utf8).write(to: URL(fileURLWithPath: "\(path)/x.json"))
            for isBack in [true, true, true, false] {
                let look = Unfinished.Look(try directory.status(of: name))
                aside.add(try reader.quarantine(name, reason: "bad").name, as: name, look, now: now)
                now += 2_000_000_000
                #expect(aside.takeCompleted(in: reader, now: now, unix: 0) == [])
                let file = try #require(fopen("\(path)/.failed/x.json", "a"))
                fputs("2", file)
                fflush(file)
                now += 2_000_000_000
                #expect(aside.takeCompleted(in: reader, now: now, unix: 0) == [], "somebody has it open")
                fclose(file)
                now += 2_000_000_000
                #expect(aside.takeCompleted(in: reader, now: now, unix: 0) == (isBack ? [name] : []))
            }
        }
    }

    @Test func `a file that could not be looked at where it was set aside comes back all the same`() throws {
        try withTemporaryDirectory { path in
            let directory = try Directory.open(path)
            let reader = try SpoolReader(directory, ownEntries(in: directory))
            var aside = SetAsideFiles()
            let name = FileName("x.json")
            try Data("1".utf8).write(to: URL(fileURLWithPath: "\(path)/x.json"))
            let before = Unfinished.Look(try directory.status(of: name))
            aside.add(try reader.quarantine(name, reason: "bad").name, as: name, before, now: 0)
            #expect(aside.takeCompleted(in: reader, now: 0, unix: 0) == [])
            try Data("12".utf8).write(to: URL(fileURLWithPath: "\(path)/.failed/x.json"))
            let look = SystemCallFaults.failing(next: 1, "stat", on: "\(path)/.failed/x.json", with: EIO) {
                aside.takeCompleted(in: reader, now: 2_000_000_000, unix: 0)
            }
            #expect(look.didFail && look.result.isEmpty)
            #expect(aside.takeCompleted(in: reader, now: 4_000_000_000, unix: 0) == [name])
        }
    }
}
