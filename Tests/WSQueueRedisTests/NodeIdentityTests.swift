import Support
import Testing
import WSQueueCore
import WSQueueSystem

@testable import WSQueueRedis

struct NodeIdentityTests {
    @Test func `a queue keeps its node's name, and gets another one where it is none`() throws {
        try withTemporaryDirectory { path in
            let queue = try Directory.open(path)
            let first = try NodeIdentity(in: queue, ownEntries(in: queue))
            #expect(first.text.utf8.count == 16)
            #expect(try NodeIdentity(in: queue, ownEntries(in: queue)) == first)
            let file = try queue.openOrCreateFile(FileName(".node"), mode: 0o600)
            try file.writeAll(Array("not a name at all".utf8).span, at: 0, object: path)
            let second = try NodeIdentity(in: queue, ownEntries(in: queue))
            #expect(second != first)
            #expect(try NodeIdentity(in: queue, ownEntries(in: queue)) == second)
        }
    }
}
