import Testing
import WSQueueArguments

struct QuantityTests {
    @Test(arguments: [
        ("0", Duration.zero), ("5s", .seconds(5)), ("100ms", .milliseconds(100)), ("1h30m", .seconds(5_400)),
        ("2d", .seconds(172_800)), ("1m500ms", .milliseconds(60_500)), ("7us", .microseconds(7)), ("0s", .zero),
        ("3ns", .nanoseconds(3)), ("1min", .seconds(60)),
    ])
    func `durations are numbers with units`(text: String, duration: Duration) throws {
        #expect(try Quantity.parseDuration(text) == duration)
    }

    @Test(arguments: [
        "", "5", "s", "-5s", "+5s", "5 s", "1.5s", "5x", "5s5s", "30m1h", "5S", "99999999999999999999s",
        "9223372036855d", "106751d24h106751d", "٥s", "5s ",
    ])
    func `anything else is no duration`(text: String) {
        #expect(throws: ValueFault.self) { try Quantity.parseDuration(text) }
    }

    @Test(arguments: [
        ("0", 0), ("65536", 65_536), ("64K", 65_536), ("1M", 1_048_576), ("2G", 2_147_483_648), ("1KiB", 1_024),
        ("3B", 3), ("1m", 1_048_576),
    ])
    func `sizes are bytes or multiples of 1024`(text: String, bytes: Int) throws {
        #expect(try Quantity.parseBytes(text) == bytes)
    }

    @Test(arguments: ["", "K", "-1", "1.5M", "1MB", "1 M", "9223372036854775807K", "99999999999999999999", "0x10"])
    func `anything else is no size`(text: String) {
        #expect(throws: ValueFault.self) { try Quantity.parseBytes(text) }
    }

    @Test(
        arguments: [("0640", 0o640), ("644", 0o644), ("0400", 0o400), ("600", 0o600), ("0040", 0o040)]
            as [(String, UInt32)])
    func `modes are octal`(text: String, mode: UInt32) throws {
        #expect(try Quantity.parseMode(text) == mode)
    }

    @Test(arguments: ["", "0888", "rw-", "01777", "4755", "-1", "0o644", "0", "0200", "0333"])
    func `anything else is no mode`(text: String) {
        #expect(throws: ValueFault.self) { try Quantity.parseMode(text) }
    }

    @Test(arguments: ["", "x", "+1", "11", "-1", "1e1", " 1"])
    func `numbers out of bounds are refused`(text: String) {
        #expect(throws: ValueFault.self) { try Quantity.parseInteger(text, in: 0...10) }
    }
}
