import Testing
import WSQueueCore

struct JSONStringTests {
    @Test(arguments: [
        ("", ""), ("plain é漢😀", "plain é漢😀"), (#"\"\\\/\b\f\n\r\t"#, "\"\\/\u{8}\u{C}\n\r\t"),
        (#"\u0041\u00e9\u6F22"#, "Aé漢"),
        (#"\ud83d\ude00"#, "😀"), (#"a\uD83D\uDE00b"#, "a😀b"), (#"\u0000"#, "\0"), (#"\\u0041"#, #"\u0041"#),
        (#"\udbff\udfff"#, "\u{10FFFF}"), (#"\ud7ff\ue000"#, "\u{D7FF}\u{E000}"),
    ])
    func `escapes become what they stand for`(text: String, decoded: String) {
        #expect(JSONString.decode(text) == Array(decoded.utf8))
    }

    @Test(arguments: [
        #"\ud800"#, #"\udc00"#, #"a\ud83d"#, #"\ud83d\u0041"#, #"\ud83d\ud83d"#, #"\ud83d\n"#, #"\ud83dude00"#,
        #"\ude00\ud83d"#,
        #"\ud83d\\ude00"#,
    ])
    func `half a surrogate pair has no text`(text: String) {
        #expect(JSONString.decode(text) == nil)
    }
}
