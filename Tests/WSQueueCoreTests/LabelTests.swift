import Testing
import WSQueueCore

struct LabelTests {
    @Test(arguments: [
        "a", "order.created", "größe", "漢字", "😀", "a b", "\u{A0}", "\u{2028}", String(repeating: "x", count: 255),
    ])
    func `text of 1 to 255 bytes is a label`(text: String) {
        #expect(Label(text)?.bytes == Array(text.utf8))
        #expect(Label(text)?.text == text)
    }

    @Test(arguments: ["", String(repeating: "x", count: 256), String(repeating: "é", count: 128)])
    func `a label is neither empty nor longer than 255 bytes`(text: String) {
        #expect(Label(text) == nil)
    }

    @Test func `no character of category Cc is in a label, and every other is`() {
        for value in UInt32(1)...0x2FFF {
            guard let scalar = Unicode.Scalar(value) else { continue }
            let isRefused = Label("a\(scalar)b") == nil
            #expect(isRefused == (scalar.properties.generalCategory == .control), "U+\(value)")
        }
    }

    @Test func `labels that differ only in their normalisation are two`() {
        #expect("\u{E9}" == "e\u{301}")
        #expect(Label("\u{E9}") != Label("e\u{301}"))
    }
}
