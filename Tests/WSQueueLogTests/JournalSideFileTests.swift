import Foundation
import Support
import Testing
import WSQueueSystem

@testable import WSQueueLog

struct JournalSideFileTests {
    @Test func `what a server was killed over while it wrote is no part of what the next one writes`() throws {
        try withTemporaryDirectory { path in
            let directory = try Directory.open(path)
            let file = JournalSideFile("side", title: "title")
            try Data(repeating: 1, count: 1_000).write(to: URL(fileURLWithPath: "\(path)/side.new"))
            for isDurable in [true, false] {
                try file.write([1, 2, isDurable ? 3 : 4], epoch: "e", in: directory, isDurable: isDurable)
                guard case .contents(let bytes) = try file.read(in: directory, epoch: "e") else {
                    Issue.record("it cannot be read")
                    return
                }
                #expect(bytes == [1, 2, isDurable ? 3 : 4])
            }
            guard case .unusable = try file.read(in: directory, epoch: "f") else {
                Issue.record("another numbering's is read")
                return
            }
        }
    }
}
