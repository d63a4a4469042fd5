import Testing
import WSQueueSpool

struct BatchLinesTests {
    @Test(
        arguments: [
            ("", []), ("\n", []), ("a", ["1:a"]), ("a\n", ["1:a"]), ("a\nb", ["1:a", "2:b"]), ("\n\na\n", ["3:a"]),
            ("a\r\nb\r\n", ["1:a", "2:b"]), (" \t\r\n  a \t\n", ["2:a"]), ("a b\n\n \nc", ["1:a b", "4:c"]),
        ] as [(String, [String])])
    func `blank lines are passed over but counted, and white space around a line goes`(
        text: String, expected: [String]
    ) {
        #expect(lines(of: Array(text.utf8)) == expected)
    }

    @Test(arguments: 0...100)
    func `a line ends at its line feed wherever that is`(length: Int) {
        let bytes = Array(repeating: UInt8(ascii: "x"), count: length) + Array("\ny".utf8)
        #expect(BatchLines.lineEnd(in: bytes.span, from: 0) == length)
        #expect(BatchLines.lineEnd(in: bytes.span, from: length + 1) == bytes.count)
    }

    @Test func `numbers go on behind lines that came before`() {
        var iterator = BatchLines(linesBefore: 7)
        let bytes = Array("\na".utf8)
        #expect(iterator.next(in: bytes.span)?.number == 9)
        #expect(iterator.next(in: bytes.span) == nil)
        #expect(iterator.count == 9)
    }

    private func lines(of bytes: [UInt8]) -> [String] {
        var iterator = BatchLines()
        var lines: [String] = []
        while let line = iterator.next(in: bytes.span) {
            lines.append("\(line.number):\(String(decoding: bytes[line.range], as: UTF8.self))")
        }
        return lines
    }
}
