import Foundation
import Support
import Testing
import WSQueueSystem

struct DirectoryTests {
    @Test func `a listing names every entry once, whatever bytes the name has`() throws {
        try withTemporaryDirectory(isInMemory: true) { path in
            let directory = try Directory.open(path)
            let strange: [[UInt8]] = [[0xFF, 0xFE], Array("a\nb".utf8), Array("...".utf8), [0x1B, 0x5B]]
            for bytes in strange { _ = try directory.createFile(FileName(bytes.span), mode: 0o600) }
            let plain = (0..<2_000).map { "file-\($0)" }
            for name in plain { _ = try directory.createFile(FileName(name), mode: 0o600) }
            for _ in 0..<2 {
                var seen: [[UInt8]] = []
                try directory.forEachName { seen.append(Array(FileName($0).bytes)) }
                #expect(seen.count == 2_004)
                #expect(Set(seen) == Set(strange + plain.map { Array($0.utf8) }))
            }
        }
    }

    @Test func `an existing name is never created or renamed over`() throws {
        try withTemporaryDirectory { path in
            let directory = try Directory.open(path)
            _ = try directory.createFile(FileName("a"), mode: 0o600)
            _ = try directory.createFile(FileName("b"), mode: 0o600)
            #expect(throws: SystemCallError(call: "open", object: "\(path)/a", code: EEXIST)) {
                _ = try directory.createFile(FileName("a"), mode: 0o600)
            }
            #expect(throws: SystemCallError(call: "rename", object: "\(path)/b", code: EEXIST)) {
                try directory.renameWithoutReplacing(FileName("a"), to: FileName("b"))
            }
        }
    }

    @Test func `an error reads as call, path and reason`() {
        let error = SystemCallError(call: "rename", object: "queue/1.json", code: ENOSPC)
        #expect(error.description == "rename queue/1.json: no space left on device")
    }

    @Test func `times beyond all reason are cut and not fatal`() throws {
        try withTemporaryDirectory { path in
            let directory = try Directory.open(path)
            _ = try directory.createFile(FileName("a"), mode: 0o600)
            var times = [timespec(tv_sec: 1 << 33, tv_nsec: 0), timespec(tv_sec: 1 << 33, tv_nsec: 0)]
            #expect(utimensat(AT_FDCWD, "\(path)/a", &times, 0) == 0)
            #expect(try directory.status(of: FileName("a")).modifiedNanoseconds > 0)
        }
    }
}
