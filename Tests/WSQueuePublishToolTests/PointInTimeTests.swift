import Testing
import WSQueuePublish
import WSQueuePublishTool

struct PointInTimeTests {
    /// 2026-11-21T03:30:05Z
    private static let now: Int64 = 1_795_231_805_000_000_000

    @Test(
        arguments: [
            ("@1795231805", 1_795_231_805_000_000_000), ("@1795231805.5", 1_795_231_805_500_000_000),
            ("2026-11-21T18:00:00Z", 1_795_284_000_000_000_000), ("2026-11-21 18:00Z", 1_795_284_000_000_000_000),
            ("2026-11-21t19:00:00.25+01:00", 1_795_284_000_250_000_000),
            ("2026-11-21T12:30-0530", 1_795_284_000_000_000_000), ("1970-01-01T00:00Z", 0),
            ("2024-02-29T00:00:00Z", 1_709_164_800_000_000_000), ("2000-03-01T00:00:00Z", 951_868_800_000_000_000),
        ] as [(String, Int64)])
    func `a moment with its zone is that moment everywhere`(text: String, nanoseconds: Int64) {
        #expect(PointInTime.parse(text, unix: Self.now) == nanoseconds)
    }

    @Test(arguments: [
        "", "@", "@-1", "@1.", "@99999999999", "1795231805", "tomorrow", "2026-11-21", "2026-13-01T00:00Z",
        "2026-02-29T00:00Z", "2026-02-30 12:00", "2026-11-21T24:00Z", "2026-11-21T18:60Z", "18:00:60", "18", "18:00 ",
        "2026-11-21T18:00+24:00", "2026-11-21T18:00Z1", "2600-01-01T00:00Z", "é",
    ])
    func `anything else is none`(text: String) {
        #expect(PointInTime.parse(text, unix: Self.now) == nil)
    }

    @Test func `a time of day is the next one`() throws {
        for text in ["00:00", "9:30", "18:00", "23:59:59.5"] {
            let time = try #require(PointInTime.parse(text, unix: Self.now))
            #expect(time > Self.now && time <= Self.now + 90_000_000_000_000)
        }
    }
}
