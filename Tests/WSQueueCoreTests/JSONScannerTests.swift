import Testing
import WSQueueCore

struct JSONScannerTests {
    static let suite = "JSONTestSuite/test_parsing"

    @Test func `all that JSONTestSuite wants accepted is accepted`() throws {
        let names = try Corpus.names(in: Self.suite).filter { $0.hasPrefix("y_") }
        #expect(names.count == 95)
        for name in names { #expect(fault(of: try Corpus.bytes("\(Self.suite)/\(name)")) == nil, "\(name)") }
    }

    @Test func `all that JSONTestSuite wants refused is refused`() throws {
        let names = try Corpus.names(in: Self.suite).filter { $0.hasPrefix("n_") }
        #expect(names.count == 186)
        for name in names { #expect(fault(of: try Corpus.bytes("\(Self.suite)/\(name)")) != nil, "\(name)") }
    }

    /// What the standard leaves open: numbers of any size and halves of surrogate pairs are grammatical and go to the
    /// clients as they are; bytes that are not UTF-8 would make the WebSocket message ill-formed.
    @Test func `of what JSONTestSuite leaves open, we accept what is grammatical and UTF-8 without a mark`() throws {
        let refused: Set = [
            "i_string_UTF-16LE_with_BOM.json", "i_string_UTF-8_invalid_sequence.json",
            "i_string_UTF8_surrogate_U+D800.json", "i_string_invalid_utf-8.json", "i_string_iso_latin_1.json",
            "i_string_lone_utf8_continuation_byte.json", "i_string_not_in_unicode_range.json",
            "i_string_overlong_sequence_2_bytes.json", "i_string_overlong_sequence_6_bytes.json",
            "i_string_overlong_sequence_6_bytes_null.json", "i_string_truncated-utf-8.json",
            "i_string_utf16BE_no_BOM.json", "i_string_utf16LE_no_BOM.json", "i_structure_UTF-8_BOM_empty_object.json",
        ]
        let names = try Corpus.names(in: Self.suite).filter { $0.hasPrefix("i_") }
        #expect(names.count == 35)
        for name in names {
            let isRefused = fault(of: try Corpus.bytes("\(Self.suite)/\(name)")) != nil
            #expect(isRefused == refused.contains(name), "\(name)")
        }
    }

    /// Strings are read in steps of several lengths: what is special must be seen wherever a step ends.
    @Test(arguments: ["\"", "\\", "\u{1F}", "\n", "\u{7F}", "é", "\u{1F600}"])
    func `a string is read the same whatever its length and wherever something special stands`(special: String) throws {
        for count in 0..<160 {
            let plain = String(repeating: "x~#!]", count: count / 5 + 1).prefix(count)
            for place in Set([0, count / 3, count / 2, max(0, count - 9), max(0, count - 1), count]) {
                let text = plain.prefix(place) + special + plain.dropFirst(place)
                var written: [UInt8] = []
                JSONWriter.write(String(text), into: &written)
                #expect(fault(of: written) == nil)
                try #require(written.count > 1)
                #expect(JSONString.text(1..<written.count - 1, in: written.span) == String(text))
                let raw = fault(of: Array("\"\(text)\"".utf8))
                switch special {
                case "\u{1F}", "\n": #expect(raw?.offset == place + 1)
                case "\u{7F}", "é", "\u{1F600}": #expect(raw == nil)
                // A quote ends the string, and what follows is too much; a backslash before most bytes is no escape.
                case "\"": #expect(raw?.offset == place + 2)
                default: #expect(raw != nil)
                }
            }
        }
    }

    /// The first two are the files of JSONTestSuite that are too large to keep.
    @Test(arguments: [
        (String(repeating: "[", count: 100_000), 512),
        (String(repeating: #"[{"":"#, count: 50_000) + "\n", 256 * 5),
        (String(repeating: #"{"a":"#, count: 100_000), 512 * 5),
    ])
    func `a hundred thousand brackets are refused at the first that is too deep`(text: String, offset: Int) {
        #expect(fault(of: Array(text.utf8)) == JSONFault(reason: Self.tooDeep, offset: offset))
    }

    @Test(arguments: [("[", "]"), (#"{"a":"#, "}"), (#"[{"a":"#, "}]")])
    func `512 levels are accepted and one more is refused`(opening: String, closing: String) {
        let count = 512 / closing.count
        let deepest = String(repeating: opening, count: count) + "1" + String(repeating: closing, count: count)
        #expect(fault(of: Array(deepest.utf8)) == nil)
        let deeper = "[" + deepest + "]"
        #expect(fault(of: Array(deeper.utf8))?.reason == Self.tooDeep)
        // Closed brackets do not count.
        #expect(fault(of: Array("[\(deepest.dropFirst(opening.count).dropLast(closing.count)),[],{},[1]]".utf8)) == nil)
    }

    @Test(arguments: [
        ("", 0), ("  ", 2), ("x", 0), ("nul", 3), ("nulL", 3), ("tru e", 3), ("[1 2]", 3), ("[1,]", 3), ("[,1]", 1),
        ("[1}", 2), (#"{"a" 1}"#, 5), (#"{"a":}"#, 5), (#"{"a":1,}"#, 7), ("{a:1}", 1), ("{1:1}", 1), ("01", 1),
        ("-", 1),
        ("-a", 1), ("1.", 2), ("1.e1", 2), ("1e", 2), ("1e+", 3), (".5", 0), ("+1", 0), ("1 1", 2), ("\"", 1),
        ("\"a\u{1}\"", 2), (#""\x""#, 2), (#""\u12g4""#, 5), (#""\u123"#, 6), ("'a'", 0), ("{}}", 2), ("NaN", 0),
        ("\u{FEFF}{}", 0), ("[1,\u{A0}2]", 3), ("[\"\",\n\"\t\"]", 6), ("/**/1", 0), ("[1\0]", 2),
    ])
    func `a fault is where the first impossible byte is`(text: String, offset: Int) {
        #expect(fault(of: Array(text.utf8))?.offset == offset)
    }

    @Test(
        arguments: [
            ([0x22, 0x80, 0x22], 1), ([0x22, 0xC3, 0x22], 2), ([0x22, 0xE2, 0x82, 0x22], 3),
            ([0x22, 0xED, 0xA0, 0x80, 0x22], 2),
            ([0x22, 0x61, 0xF4, 0x90, 0x80, 0x80, 0x22], 3), ([0x22, 0xE2, 0x82], 3), ([0xEF, 0xBB], 0),
        ] as [([UInt8], Int)])
    func `a byte that is not UTF-8 is refused where it cannot be`(text: [UInt8], offset: Int) {
        #expect(fault(of: text)?.offset == offset)
    }

    @Test func `what is special in a string is found at every distance from its beginning`() {
        for length in 0...70 {
            let plain = String(repeating: "a", count: length)
            let tail = String(repeating: "b", count: 40)
            #expect(fault(of: Array("\"\(plain)\u{0}\(tail)\"".utf8))?.offset == length + 1)
            #expect(fault(of: Array("\"\(plain)\\q\(tail)\"".utf8))?.offset == length + 2)
            #expect(fault(of: Array("\"\(plain)\"\(tail)".utf8))?.offset == length + 2)
            #expect(fault(of: Array("\"\(plain)\u{7F}é漢😀\(tail)\"".utf8)) == nil)
            #expect(fault(of: Array("\"\(plain)".utf8) + [0xFF] + Array("\(tail)\"".utf8))?.offset == length + 1)
        }
    }

    @Test func `a text cut anywhere ends too early, and says so by its offset`() throws {
        let text = Array(#" {"a\u00e9é":[1.5e-3,{"b":null,"":true}, false ,"😀\ud83d\n"],"c":[[],{}]} "#.utf8)
        #expect(fault(of: text) == nil)
        for cut in 0..<text.count - 1 { #expect(fault(of: Array(text[..<cut]))?.offset == cut, "cut at \(cut)") }
        #expect(fault(of: Array(text.dropLast())) == nil)
    }

    @Test func `a byte order mark is called by its name`() {
        let reason = "not a byte order mark; write UTF-8 without one"
        let text = Array("\u{FEFF}{}".utf8)
        #expect(fault(of: text)?.reason == "expected a value, \(reason)")
        let error = #expect(throws: JSONFault.self) { try JSONObjectReader.members(of: text) }
        #expect(error?.reason == "expected an object, \(reason)")
    }

    @Test func `the big list of naughty strings is JSON`() throws {
        #expect(fault(of: try Corpus.bytes("naughty-strings/blns.json")) == nil)
    }

    static let tooDeep = "more than 512 arrays and objects inside each other"

    private func fault(of text: [UInt8]) -> JSONFault? { JSONScanner.fault(of: text) }
}
