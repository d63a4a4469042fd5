import Testing
import WSQueueCore

struct CursorTests {
    @Test(
        arguments: [
            ("k3f9:18233", "k3f9", 18233), ("0:0", "0", 0), ("abcdefghijklmnop:1", "abcdefghijklmnop", 1),
            ("a:18446744073709551615", "a", UInt64.max),
        ] as [(String, String, UInt64)])
    func `a cursor is read and written as the same text`(text: String, epoch: String, seq: UInt64) throws {
        let cursor = try #require(Cursor.parse(text))
        #expect(cursor == Cursor(epoch: epoch, seq: seq))
        #expect(cursor.text == text)
    }

    @Test(arguments: [
        "", ":", "a", "a:", ":1", "A:1", "a:1 ", " a:1", "a:01", "a:+1", "a:-1", "a:1:2", "a:1.0", "a:x", "ä:1", "a :1",
        "abcdefghijklmnopq:1", "a:18446744073709551616", "a:99999999999999999999", "a:00",
    ])
    func `what no cursor is written as is refused`(text: String) {
        #expect(Cursor.parse(text) == nil)
    }

    @Test func `a cursor is not made of an epoch that breaks the rule`() {
        #expect(Cursor(epoch: "", seq: 1) == nil)
        #expect(Cursor(epoch: "a:b", seq: 1) == nil)
    }
}
