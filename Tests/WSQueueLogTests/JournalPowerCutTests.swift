import Foundation
import Support
import Testing
import WSQueueLog
import WSQueueSystem

/// What a power cut leaves on the disk at each moment of the opening, made by hand.
extension JournalTests {
    private static let inputOutput: Int32 = 5

    /// Opens the journal in `path` under the boot "two"; its call with this number fails.
    ///
    /// - Returns: The error, `nil` where the opening has come to its end all the same, and whether there was such a call.
    private func open(_ path: String, failing number: Int) -> (result: SystemCallError?, didFail: Bool) {
        SystemCallFaults.failing(callNumber: number, with: Self.inputOutput) { () -> SystemCallError? in
            do {
                let storage = JournalStorage.directory(try Directory.open(path))
                _ = try JournalWriter(storage, limits: JournalLimits(), epoch: "e2", unix: 2_000, boot: "two")
                return nil
            } catch {
                guard case .failed(let error)? = error as? JournalOpeningError else { return error as? SystemCallError }
                return error
            }
        }
    }

    @Test func `a power cut while the journal is opened after another gives no number twice`() throws {
        try withTemporaryDirectory(isInMemory: true) { parent in
            let before = "\(parent)/before"
            let files = FileManager.default
            try files.createDirectory(atPath: before, withIntermediateDirectories: false)
            try Hand(before, boot: "one").write(4)
            let old = try files.contentsOfDirectory(atPath: before)
            var calls: [String] = []
            var isWhole = false
            while !isWhole, calls.count < 200 {
                let path = "\(parent)/\(calls.count)"
                try files.copyItem(atPath: before, toPath: path)
                let (error, didFail) = open(path, failing: calls.count + 1)
                // Before a sync of the directory the new segment's name is not on the disk, whatever is in the file.
                if error != nil, !calls.contains("fsync") {
                    for name in try files.contentsOfDirectory(atPath: path) where !old.contains(name) {
                        try files.removeItem(atPath: "\(path)/\(name)")
                    }
                }
                let hand = try Hand(path, boot: "three")
                #expect(hand.seq > 1_000_000, "cut at call \(calls.count + 1), \(error?.call ?? "")")
                #expect(hand.journal.epoch == "e1")
                calls.append(error?.call ?? "")
                isWhole = !didFail
            }
            #expect(isWhole && calls.contains("fsync") && calls.contains("fdatasync"))
        }
    }

    @Test func `what a killed server has written is written again, for its syncs may have failed`() throws {
        for isKilled in [true, false] {
            try withTemporaryDirectory(isInMemory: true) { parent in
                let before = "\(parent)/before"
                try FileManager.default.createDirectory(atPath: before, withIntermediateDirectories: false)
                let hand = try Hand(before, limits: JournalLimits(events: 80), boot: "two")
                for _ in 0..<3 { try hand.write(10) }
                try hand.write(5)
                let segments = try FileManager.default.contentsOfDirectory(atPath: before).count { $0.hasPrefix("e") }
                #expect(segments > 1)
                if !isKilled { try hand.close() }
                var writes = 0
                for number in 1...200 {
                    let path = "\(parent)/\(number)"
                    try FileManager.default.copyItem(atPath: before, toPath: path)
                    let (error, didFail) = open(path, failing: number)
                    if error?.call == "pwrite" { writes += 1 }
                    if !didFail { break }
                }
                // The last one is open again; of each that is not trusted the header and the records.
                #expect(writes == (isKilled ? 1 + 2 * segments : 1))
            }
        }
    }

    @Test func `the directory of a server that was killed at its start gets a durable name`() throws {
        try withTemporaryDirectory { path in
            try FileManager.default.createDirectory(
                atPath: "\(path)/.journal", withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
            let queue = try Directory.open(path)
            // After it was looked at, opened, and looked at once more.
            let (call, didFail) = SystemCallFaults.failing(callNumber: 4, with: Self.inputOutput) {
                do throws(SystemCallError) {
                    _ = try JournalStorage.open(in: queue) { _ in }
                    return "none"
                } catch {
                    return error.call
                }
            }
            #expect(call == "fsync" && didFail)
        }
    }
}
