import Foundation
import Testing
import WSQueueSystem

struct ProgramPagesTests {
    /// Memory of this process that is a file's, kilobytes.
    private func fileMemory() throws -> Int {
        let text = try String(contentsOf: URL(filePath: "/proc/self/status"), encoding: .utf8)
        let line = try #require(text.split(separator: "\n").first { $0.hasPrefix("RssFile:") })
        return try #require(Int(line.split(whereSeparator: \.isWhitespace)[1]))
    }

    @Test func `code that was run leaves memory, and is run again`() throws {
        let before = try fileMemory()
        ProgramPages.release()
        #expect(try fileMemory() < before * 3 / 4)
    }
}
