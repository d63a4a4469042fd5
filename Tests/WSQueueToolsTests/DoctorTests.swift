import Foundation
import Support
import Testing
import WSQueueArguments

@testable import WSQueueTools

/// The doctor in a real directory, as oneself.
struct DoctorTests {
    @Test func `a queue is looked at and left as it was`() throws {
        try withTemporaryDirectory { path in
            for (name, text) in [
                ("1000000000000000000-a.json", "{\"event\":\"a\"}"),
                ("5000000000000000000-a.json", "{\"event\":\"a\"}"), ("note.txt", ""),
                (".held-h.json", "{}"),
            ] {
                try text.write(toFile: "\(path)/\(name)", atomically: false, encoding: .utf8)
            }
            try FileManager.default.createDirectory(atPath: "\(path)/.journal", withIntermediateDirectories: false)
            chmod(path, 0o700)
            let before = try FileManager.default.contentsOfDirectory(atPath: path).sorted()
            let screen = Screen()
            #expect(run(["doctor", "-d", path, "--unit", "/dev/null"], on: screen) == .configuration)
            #expect(try FileManager.default.contentsOfDirectory(atPath: path).sorted() == before)
            for text in [
                "mode 700: only ", "2 events wait, the oldest for ", "and no server holds the queue",
                "1 visible files are no events and are left alone, such as note.txt", "1 events are held back",
                "1 events carry a time that lies ahead", "/dev/null: Type=simple",
            ] {
                #expect(screen.output.contains(text), "\(text): \(screen.output)")
            }
            #expect(screen.complaints == [])
        }
    }

    @Test func `what is no directory is no queue`() throws {
        try withTemporaryDirectory { path in
            try "".write(toFile: "\(path)/q", atomically: false, encoding: .utf8)
            let screen = Screen()
            #expect(run(["doctor", "-d", "\(path)/q"], on: screen) == .cannotCreate)
            #expect(screen.complaints.first?.contains("not a directory; make it with") == true)
        }
    }

    @Test func `a trial as oneself is the child's, too`() throws {
        try withTemporaryDirectory { path in
            let screen = Screen()
            #expect(run(["doctor", "-d", path, "--try", "publish:x"], on: screen) == .usage)
            let report = try Prober.childReport("sing:0:0::x", path)
            #expect(report == nil)
        }
    }
}
