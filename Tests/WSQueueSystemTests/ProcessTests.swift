import Foundation
import Testing
import WSQueueSystem

struct ProcessTests {
    /// The kernel's own copy; other code of this process has set variables by now, as the profile of a coverage build does.
    @Test func `the words are those that the process was started with`() throws {
        let kernel = try Data(contentsOf: URL(filePath: "/proc/self/cmdline"))
        let words = Process.arguments()
        #expect(Data(words.flatMap { $0 + [0] }) == kernel)
        #expect(!words.isEmpty)
    }
}
