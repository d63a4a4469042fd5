import Testing
import WSQueueOperation

struct LogLineTests {
    private func text(_ line: LogLine, _ format: LogLine.Format = .text) -> String {
        String(decoding: line.bytes(format, now: 1_795_237_445_678_000_000), as: UTF8.self)
    }

    @Test func `a line has time, level, name and pairs in the order they were given`() {
        let line = LogLine(.info, "event.sent").with("id", "a-1").with("seq", 7).with(
            "wait_ms", milliseconds: 1_849_999)
        #expect(text(line) == "ts=2026-11-21T05:04:05.678Z level=info ev=event.sent id=a-1 seq=7 wait_ms=1.8\n")
        #expect(
            text(line, .json)
                == "{\"ts\":\"2026-11-21T05:04:05.678Z\",\"level\":\"info\",\"ev\":\"event.sent\",\"id\":\"a-1\","
                + "\"seq\":7,\"wait_ms\":1.8}\n")
        #expect(text(line, .journal) == "<6>ev=event.sent id=a-1 seq=7 wait_ms=1.8\n")
    }

    @Test(arguments: [
        ("", "\"\""), ("a b", "\"a b\""), ("a=b", "\"a=b\""), ("a\"b", "\"a\\\"b\""), ("a\\b", "\"a\\\\b\""),
        ("a\nev=x", "\"a\\nev=x\""), ("\u{1B}[31m", "\"\\u001b[31m\""), ("\u{9B}2J", "\"\\u009b2J\""),
        ("\u{202E}evil", "\"\\u202eevil\""), ("é", "\"é\""), ("a,b:c/d", "a,b:c/d"),
    ])
    func `text from outside is quoted and cannot steer a terminal or begin a line`(value: String, shown: String) {
        #expect(text(LogLine(.info, "x").with("k", value)).hasSuffix(" k=\(shown)\n"))
    }

    @Test(arguments: [LogLine.Format.text, .json, .journal])
    func `no line is longer than 4096 bytes or has a control character, whatever is put in`(format: LogLine.Format) {
        var line = LogLine(.warning, "x")
        for index in 0..<20 {
            let value = String(repeating: "\u{1}\u{7F}\"é\n", count: 300)
            line = line.with("k\(index)", value)
        }
        let bytes = line.bytes(format, now: 0)
        #expect(bytes.count <= 4_096)
        #expect(bytes.last == 0x0A)
        #expect(!bytes.dropLast().contains { $0 < 0x20 || $0 == 0x7F })
    }

    @Test(arguments: [
        (0, "1970-01-01T00:00:00.000Z"), (951_782_400_000_000_000, "2000-02-29T00:00:00.000Z"),
        (-1_000_000, "1969-12-31T23:59:59.999Z"), (4_102_444_799_999_000_000, "2099-12-31T23:59:59.999Z"),
    ])
    func `times are UTC with milliseconds`(unix: Int64, shown: String) {
        #expect(Timestamp.text(unix) == shown)
    }
}
