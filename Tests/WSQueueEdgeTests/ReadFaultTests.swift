import Glibc
import Support
import Testing
import WSQueueLog
import WSQueueSystem

/// What a client that comes back is told where the disk fails while its past is read.
struct ReadFaultTests {
    /// The rows: how often a read fails before the disk answers again, and whether the past is complete.
    @Test(arguments: [(1, true), (2, true), (3, false)])
    func `a read of the journal that fails twice takes nothing from a client, and one that fails on is a gap`(
        count: Int, isComplete: Bool
    ) throws {
        try withTemporaryDirectory(isInMemory: true) { path in
            let server = try EdgeServer(journal: .open(at: "\(path)/journal", noteForeign: { _ in }))
            for _ in 0..<20 { try server.publish() }
            let (missed, didFail) = try SystemCallFaults.failing(next: count, "pread", on: path, with: EIO) {
                let client = try server.client("/?since=e1:0", protocol: "wsqueue.v1")
                var messages: [String] = []
                while messages.last?.contains(#""action":"resumed""#) != true { messages.append(try client.text()) }
                return messages
            }
            #expect(didFail)
            #expect(missed.last?.contains(#""complete":\#(isComplete)"#) == true)
            #expect(missed.count { $0.contains(#""event":"e""#) } == (isComplete ? 20 : 0))
        }
    }
}
