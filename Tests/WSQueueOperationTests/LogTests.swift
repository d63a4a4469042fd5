import Foundation
import Support
import Testing
import WSQueueOperation
import WSQueueSystem

struct LogTests {
    private func lines(_ path: String) -> [String] {
        let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
        return text.split(separator: "\n").map(String.init)
    }

    private func containing(_ piece: String, _ path: String) -> [String] { lines(path).filter { $0.contains(piece) } }

    /// How many lines there are, with those that were folded into them.
    private func count(_ lines: [String]) -> Int {
        lines.reduce(0) { sum, line in
            sum + (line.firstRange(of: " repeat=").map { Int(line[$0.upperBound...]) ?? 0 } ?? 1)
        }
    }

    private func wait(until condition: () -> Bool) {
        let deadline = ContinuousClock.now + .seconds(20)
        while !condition(), ContinuousClock.now < deadline { Thread.sleep(forTimeInterval: 0.002) }
    }

    @Test func `lines that are important enough are in the file when it is closed`() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/log"
            let log = try Log(level: .notice, format: .text, destination: .file(path))
            log.write(LogLine(.notice, "a").with("n", 1))
            log.write(LogLine(.info, "b"))
            log.writeUnlimited(LogLine(.debug, "c"))
            log.write(LogLine(.error, "d"))
            log.close()
            #expect(lines(path).map { $0.drop { $0 != " " } } == [" level=notice ev=a n=1", " level=error ev=d"])
            #expect(log.suppressedLines == 0)
        }
    }

    @Test func `of one name only fifty lines a second are written, and the rest is counted in one`() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/log"
            let log = try Log(level: .info, format: .text, destination: .file(path))
            for number in 0..<150 { log.write(LogLine(.info, "many").with("n", number)) }
            for number in 0..<150 { log.writeUnlimited(LogLine(.info, "all").with("n", number)) }
            // Not only at the end: when the second is over.
            wait { !containing("repeat=", path).isEmpty }
            #expect(containing("repeat=", path).count >= 1)
            log.close()
            let many = containing("ev=many", path)
            #expect(count(many) == 150 && log.suppressedLines >= 50)
            #expect(many.last?.contains(" n=149 repeat=") == true, "the last one is shown")
            #expect(containing("ev=all", path).count == 150)
        }
    }

    @Test func `a warning that says the same again is folded, from another port and connection too`() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/log"
            let log = try Log(level: .info, format: .text, destination: .file(path))
            for number in 0..<5 {
                log.write(
                    LogLine(.warning, "client.refused").with("conn", number).with("addr", "10.0.0.1:\(number)"))
            }
            log.write(LogLine(.warning, "client.refused").with("conn", 5).with("addr", "10.0.0.2:5"))
            log.close()
            #expect(count(lines(path)) == 6 && log.suppressedLines >= 3)
            #expect(!containing("10.0.0.2:5", path).isEmpty)
        }
    }

    @Test func `a file that was renamed is followed by one with its name`() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/log"
            let log = try Log(level: .info, format: .journal, destination: .file(path))
            log.write(LogLine(.info, "before"))
            wait { lines(path) == ["<6>ev=before"] }
            try FileManager.default.moveItem(atPath: path, toPath: path + ".1")
            log.reopen()
            log.write(LogLine(.info, "after"))
            log.close()
            #expect(lines(path) == ["<6>ev=after"] && lines(path + ".1") == ["<6>ev=before"])
        }
    }

    @Test func `a file that cannot be opened again is said in the one before`() throws {
        try withTemporaryDirectory { directory in
            let folder = directory + "/folder"
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
            let log = try Log(level: .info, format: .text, destination: .file(folder + "/log"))
            try FileManager.default.moveItem(atPath: folder, toPath: directory + "/moved")
            log.reopen()
            wait { !containing("ev=log.failing", directory + "/moved/log").isEmpty }
            log.close()
            #expect(containing(" hint=", directory + "/moved/log").count == 1)
        }
    }

    @Test func `what cannot be written is counted, and said once there is room again`() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/log"
            try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: "/dev/full")
            let log = try Log(level: .info, format: .journal, destination: .file(path))
            log.write(LogLine(.info, "lost"))
            wait { log.suppressedLines > 0 }
            #expect(log.suppressedLines == 1)
            try FileManager.default.removeItem(atPath: path)
            log.reopen()
            wait { !lines(path).isEmpty }
            log.close()
            #expect(lines(path) == ["<4>ev=log.dropped lines=1"])
        }
    }

    @Test func `a file that cannot be opened is an error`() {
        #expect(throws: SystemCallError.self) {
            _ = try Log(level: .info, format: .text, destination: .file("/nonexistent/log"))
        }
    }
}
