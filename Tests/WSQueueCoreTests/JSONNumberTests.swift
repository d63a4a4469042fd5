import Testing
import WSQueueCore

struct JSONNumberTests {
    @Test(
        arguments: [
            ("0", 0), ("-0", 0), ("42", 42), ("-42", -42), ("42.0", 42), ("42.000", 42), ("4.2e1", 42), ("420e-1", 42),
            ("42E+0", 42),
            ("0.00000001e8", 1), ("0e99999999999999999999", 0), ("0.0e-5", 0), ("9223372036854775807", .max),
            ("-9223372036854775808", .min), ("9.223372036854775807e18", .max),
            ("123456789012345678", 123_456_789_012_345_678), ("-12345678901234567", -12_345_678_901_234_567),
            ("1234567890.0000000", 1_234_567_890),
            ("9007199254740993", 9_007_199_254_740_993),
        ] as [(String, Int64)])
    func `an integer in any spelling is exact`(text: String, value: Int64) {
        #expect(integer(text) == value)
    }

    @Test(arguments: [
        "0.5", "42.1", "1e-1", "-0.1", "9223372036854775808", "-9223372036854775809", "1e19", "1e400",
        "1e99999999999999999999",
        "1e-99999999999999999999", "18446744073709551616", "9223372036854775807.5",
    ])
    func `what is no integer of 64 bits is none`(text: String) {
        #expect(integer(text) == nil)
    }

    @Test(
        arguments: [
            ("1795231805.905768", 1_795_231_805_905_768), ("1795231805", 1_795_231_805_000_000),
            ("1795231805.9", 1_795_231_805_900_000),
            ("1795231805.9999999", 1_795_231_805_999_999), ("1.7e9", 1_700_000_000_000_000), ("-1.5", -1_500_000),
            ("0.0000001", 0),
            ("1e-6", 1), ("-0.0000019", -1), ("9223372036854", 9_223_372_036_854_000_000),
            ("9223372036854.775807", .max),
        ] as [(String, Int64)])
    func `seconds become microseconds without rounding`(text: String, value: Int64) {
        #expect(millionths(text) == value)
    }

    @Test(arguments: [
        "9223372036854.775808", "9223372036855", "-123456789012345678", "1e13", "1e400", "99999999999999999999",
    ])
    func `seconds that do not fit are none`(text: String) {
        #expect(millionths(text) == nil)
    }

    private func integer(_ text: String) -> Int64? {
        let bytes = Array(text.utf8)
        return JSONNumber.integer(bytes.indices, in: bytes.span)
    }

    private func millionths(_ text: String) -> Int64? {
        let bytes = Array(text.utf8)
        return JSONNumber.millionths(bytes.indices, in: bytes.span)
    }
}
