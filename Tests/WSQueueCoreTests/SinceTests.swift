import Testing
import WSQueueCore

struct SinceTests {
    /// Nanoseconds.
    static let places: [(String, Since)] = [
        ("all", .all), ("latest", .latest), ("10m", .age(600_000_000_000)), ("24h", .age(86_400_000_000_000)),
        ("1d2h3m4s5ms", .age(93_784_005_000_000)), ("0s", .age(0)), ("@1795284000", .time(1_795_284_000_000_000_000)),
        ("@1795284000.5", .time(1_795_284_000_500_000_000)), ("@1795284000500", .time(1_795_284_000_500_000_000)),
        ("1970-01-01T00:00:00Z", .time(0)), ("2026-11-21T08:00:00Z", .time(1_795_248_000_000_000_000)),
        ("2026-11-21t08:00:00.25z", .time(1_795_248_000_250_000_000)),
        ("2026-11-21T09:30:00+01:30", .time(1_795_248_000_000_000_000)),
        ("2026-11-21T09:30:00 01:30", .time(1_795_248_000_000_000_000)),
        ("2026-11-21 03:00:00-05:00", .time(1_795_248_000_000_000_000)),
        ("2024-02-29T00:00:00.1234567891Z", .time(1_709_164_800_123_456_789)),
    ]

    @Test(arguments: places)
    func `a place in the past has words`(text: String, since: Since) {
        #expect(Since.parse(text) == since)
    }

    @Test func `a date and a time can stand alone, and nothing else there`() {
        #expect(Since.calendarTime("2026-11-21T09:30:00+01:30") == 1_795_248_000_000_000_000)
        for text in ["all", "10m", "@1795284000", "2026-11-21", ""] { #expect(Since.calendarTime(text) == nil) }
    }

    @Test func `a cursor is one too`() throws {
        #expect(Since.parse("k3f9:7") == .cursor(try #require(Cursor(epoch: "k3f9", seq: 7))))
    }

    @Test(arguments: [
        "", "All", "10", "m", "10 m", "-10m", "10m5h", "1h1h", "10y", "99999999999999999999h", "9999999999999999h", "@",
        "@x",
        "@1.", "@.5", "@1.2.3", "2026-11-21", "2026-11-21T08:00Z", "2026-11-21T08:00:00", "2026-02-29T00:00:00Z",
        "2026-13-01T00:00:00Z", "2026-11-21T24:00:00Z", "2026-11-21T08:60:00Z", "2026-11-21T08:00:00+1:00",
        "2026-11-21T08:00:00.Z", "2026-11-21T08:00:00Zx", "rubbish", "a:b", "k3f9:07",
    ])
    func `what is no such place is none`(text: String) {
        #expect(Since.parse(text) == nil)
    }

    @Test func `an age counts from now`() {
        #expect(Since.age(5).start(unixNanoseconds: 12) == 7)
        #expect(Since.time(5).start(unixNanoseconds: 12) == 5)
        #expect(Since.age(.max).start(unixNanoseconds: -5) == .min)
        #expect(Since.all.start(unixNanoseconds: 12) == nil)
    }

    @Test func `each day has one date and back`() {
        for day in stride(from: -719_000, through: 2_900_000, by: 37) {
            let date = CivilDate(daysSince1970: day)
            #expect(date.daysSince1970 == day)
            #expect(CivilDate(year: date.year, month: date.month, day: date.day) == date)
        }
        for (year, month, day) in [
            (2023, 2, 29), (1900, 2, 29), (2024, 4, 31), (2024, 0, 1), (2024, 13, 1), (2024, 1, 0),
        ] {
            #expect(CivilDate(year: year, month: month, day: day) == nil)
        }
    }
}
