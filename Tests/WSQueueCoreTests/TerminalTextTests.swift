import Foundation
import Support
import Testing
import WSQueueCore

struct TerminalTextTests {
    @Test(arguments: [
        ("", ""), ("a b", "a b"), ("é😀\u{301}", "é😀\u{301}"), ("a\\n\"", "a\\n\""), ("a\nb\r\tc", "a\\nb\\r\\tc"),
        ("\u{0}\u{1B}[2J", "\\u0000\\u001b[2J"), ("\u{7F}", "\\u007f"), ("\u{80}\u{9F}\u{A0}", "\\u0080\\u009f\u{A0}"),
        ("\u{61C}a", "\\u061ca"), ("\u{200D}\u{200E}\u{200F}\u{2010}", "\u{200D}\\u200e\\u200f\u{2010}"),
        ("\u{2027}\u{2028}\u{2029}\u{202A}\u{202E}\u{202F}", "\u{2027}\\u2028\\u2029\\u202a\\u202e\u{202F}"),
        ("\u{2065}\u{2066}\u{2069}\u{206A}", "\u{2065}\\u2066\\u2069\u{206A}"), ("\u{1061C}", "\u{1061C}"),
    ])
    func `what a terminal might obey is escaped, and nothing else`(text: String, shown: String) {
        #expect(TerminalText.plain(text) == shown)
        #expect(TerminalText.plain(Array(text.utf8)) == shown)
        #expect(TerminalText.plain(shown) == shown)
    }

    @Test(
        arguments: [
            ([0x61, 0xFF, 0x62], "a\\xffb"), ([0xC3], "\\xc3"), ([0xE2, 0x80], "\\xe2\\x80"),
            ([0xE2, 0x80, 0x0A], "\\xe2\\x80\\n"), ([0xC0, 0x9B], "\\xc0\\x9b"),
            ([0xED, 0xA0, 0x80], "\\xed\\xa0\\x80"),
            ([0xF0, 0x9F, 0x98, 0x80, 0x9B], "😀\\x9b"),
        ] as [([UInt8], String)])
    func `a byte that is not UTF-8 is written out`(bytes: [UInt8], shown: String) {
        #expect(TerminalText.plain(bytes) == shown)
    }

    @Test(arguments: [
        ("", "\"\""), ("ab", "ab"), ("a b", "\"a b\""), ("a=b", "\"a=b\""), ("a\"b\\", "\"a\\\"b\\\\\""),
        ("a\nb", "\"a\\nb\""), ("é", "\"é\""), ("\u{202E}", "\"\\u202e\""),
    ])
    func `a value of a log line stands between quotation marks unless it is a plain word`(text: String, shown: String) {
        #expect(TerminalText.logValue(text) == shown)
        #expect(TerminalText.quoted(text) == (shown.hasPrefix("\"") ? shown : "\"\(shown)\""))
    }

    @Test(arguments: [
        ("{\"a\":\"\u{7F}\u{9B}\u{202E}é\"}", "{\"a\":\"\\u007f\\u009b\\u202eé\"}"),
        ("{\"a\\\\\u{7F}\":\n1,\r\t2}", "{\"a\\\\\\u007f\":\n1, \t2}"),
    ])
    func `JSON says the same in the same lines`(json: String, shown: String) throws {
        #expect(String(decoding: TerminalText.json(Array(json.utf8)), as: UTF8.self) == shown)
    }

    @Test func `JSON with strings of all kinds stays the same value and has nothing for a terminal`() throws {
        for value in UInt32(0x20)...0x2100 {
            guard let scalar = Unicode.Scalar(value), value != 0x22, value != 0x5C else { continue }
            let text = "a\(Character(scalar))b"
            let line = TerminalText.json(Array("[\"\(text)\"]".utf8))
            #expect(
                try JSONDecoder().decode([String].self, from: Data(line))[0].unicodeScalars.elementsEqual(
                    text.unicodeScalars))
            #expect(TerminalText.plain(line) == String(decoding: line, as: UTF8.self))
        }
    }

    @Test(arguments: [
        ("", "''"), ("a/b.c-d_e:f,g@h%i+j=k", "a/b.c-d_e:f,g@h%i+j=k"), ("a b", "'a b'"), ("a'b", "'a'\\''b'"),
        ("é", "'é'"), ("$(x)`y`", "'$(x)`y`'"), ("~", "'~'"), ("a\nb'\\", "$'a\\nb\\'\\\\'"),
        ("\u{1B}]0;x\u{7}1", "$'\\033]0;x\\0071'"), ("\u{202E}", "$'\\342\\200\\256'"),
    ])
    func `a word of a command is quoted as it has to be`(text: String, shown: String) {
        #expect(TerminalText.shellWord(text) == shown)
    }

    @Test func `a shell reads the very bytes from a word`() throws {
        let words: [[UInt8]] = [
            Array(0x01...0xFF), [0xFF], [0x9B, 0x31], Array("é'\u{61C}\"$x!\n7".utf8), Array("a'b c".utf8), [],
        ]
        for bytes in words {
            let word = TerminalText.shellWord(bytes)
            #expect(TerminalText.plain(word) == word)
            let process = Process()
            process.executableURL = URL(filePath: "/bin/bash")
            process.arguments = ["-c", "printf %s \(word)"]
            let pipe = Pipe()
            process.standardOutput = pipe
            try process.run()
            let output = try pipe.fileHandleForReading.readToEnd() ?? Data()
            process.waitUntilExit()
            #expect(Array(output) == bytes, "\(word)")
        }
    }
}
