import Support
import Testing
import WSQueueWire

@Suite struct WebSocketProtocolTests {
    /// A stream of bytes and what it must mean, however it is cut.
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let bytes: [UInt8]
        let expected: [Seen]

        init(_ description: String, _ frames: [UInt8]..., gives expected: Seen...) {
            testDescription = description
            bytes = frames.flatMap { $0 }
            self.expected = expected
        }
    }

    static let valid: [Case] = [
        Case("empty text", ClientFrames.text(""), gives: .text("")),
        Case("text", ClientFrames.text("Hello"), gives: .text("Hello")),
        Case("text of 125", ClientFrames.text(letters(125)), gives: .text(letters(125))),
        Case("text of 126", ClientFrames.text(letters(126)), gives: .text(letters(126))),
        Case("text of 300", ClientFrames.text(letters(300)), gives: .text(letters(300))),
        Case("empty binary", ClientFrames.frame(2), gives: .binary([])),
        Case("binary", ClientFrames.frame(2, [0xFE, 0xFF, 0x00]), gives: .binary([0xFE, 0xFF, 0x00])),
        Case("text in three languages", ClientFrames.text("κόσμε €𐍈"), gives: .text("κόσμε €𐍈")),
        Case("empty ping", ClientFrames.frame(9), gives: .ping([])),
        Case("ping of 125", ClientFrames.frame(9, bytes(125)), gives: .ping(bytes(125))),
        Case("pong unasked", ClientFrames.frame(10, [1, 2]), gives: .pong([1, 2])),
        Case(
            "two messages", ClientFrames.text("a"), ClientFrames.frame(2, [7]), gives: .text("a"), .binary([7])),
        Case(
            "two fragments", ClientFrames.text("frag", isFinal: false), ClientFrames.frame(0, Array("ment".utf8)),
            gives: .text("fragment")),
        Case(
            "a character across fragments", ClientFrames.frame(1, [0xE2, 0x82], isFinal: false),
            ClientFrames.frame(0, [0xAC]), gives: .text("€")),
        Case(
            "ping between fragments", ClientFrames.text("frag", isFinal: false), ClientFrames.frame(9, [5]),
            ClientFrames.frame(0, Array("ment".utf8)), gives: .ping([5]), .text("fragment")),
        Case(
            "empty fragments", ClientFrames.text("", isFinal: false), ClientFrames.frame(0, isFinal: false),
            ClientFrames.frame(0), gives: .text("")),
        Case(
            "only the last fragment has bytes", ClientFrames.frame(2, isFinal: false), ClientFrames.frame(0, [1, 2]),
            gives: .binary([1, 2])),
        Case("close without code", ClientFrames.frame(8), gives: .close(nil, "")),
        Case("close with code", ClientFrames.close(1000), gives: .close(1000, "")),
        Case(
            "close with reason", ClientFrames.close(1001, Array("tschüß".utf8)), gives: .close(1001, "tschüß")),
        Case(
            "close with the longest reason", ClientFrames.close(3000, Array(letters(123).utf8)),
            gives: .close(3000, letters(123))),
        Case(
            "nothing is read after close", ClientFrames.close(1000), ClientFrames.frame(9), [0xFF, 0xFF],
            gives: .close(1000, "")),
        Case(
            "close within a message", ClientFrames.text("a", isFinal: false), ClientFrames.close(1000),
            gives: .close(1000, "")),
    ]

    static let refused: [Case] = [
        Case("RSV1", ClientFrames.frame(0x41), gives: .failure(.reservedBits)),
        Case("RSV2 on a ping", ClientFrames.frame(0x29), gives: .failure(.reservedBits)),
        Case("RSV3 on a close", ClientFrames.frame(0x18), gives: .failure(.reservedBits)),
        Case(
            "RSV after a good message", ClientFrames.text("a"), ClientFrames.frame(0x21), ClientFrames.frame(9),
            gives: .text("a"), .failure(.reservedBits)),
        Case("opcode 3", ClientFrames.frame(3), gives: .failure(.unknownOpcode(3))),
        Case("opcode 7", ClientFrames.frame(7, [1]), gives: .failure(.unknownOpcode(7))),
        Case("opcode 11", ClientFrames.frame(11), gives: .failure(.unknownOpcode(11))),
        Case("opcode 15", ClientFrames.frame(15), gives: .failure(.unknownOpcode(15))),
        Case("unmasked", [0x81, 0x01, 0x41], gives: .failure(.unmaskedFromClient)),
        Case("unmasked and empty", [0x82, 0x00], gives: .failure(.unmaskedFromClient)),
        Case("ping of 126", ClientFrames.frame(9, bytes(126)), gives: .failure(.controlTooLong)),
        Case("close of 126", ClientFrames.close(1000, bytes(124)), gives: .failure(.controlTooLong)),
        Case("fragmented ping", ClientFrames.frame(9, isFinal: false), gives: .failure(.fragmentedControl)),
        Case("fragmented close", ClientFrames.frame(8, isFinal: false), gives: .failure(.fragmentedControl)),
        Case("continuation of nothing", ClientFrames.frame(0, [1]), gives: .failure(.nothingToContinue)),
        Case(
            "continuation after a whole message", ClientFrames.text("a"), ClientFrames.frame(0, isFinal: false),
            gives: .text("a"), .failure(.nothingToContinue)),
        Case(
            "text within a message", ClientFrames.text("a", isFinal: false), ClientFrames.text("b"),
            gives: .failure(.messageUnfinished)),
        Case(
            "binary within a message", ClientFrames.text("a", isFinal: false), ClientFrames.frame(2),
            gives: .failure(.messageUnfinished)),
        Case("125 in two bytes", [0x82, 0xFE, 0, 125, 0, 0, 0, 0], gives: .failure(.lengthNotMinimal)),
        Case(
            "65535 in eight bytes", [0x82, 0xFF, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 0, 0, 0, 0],
            gives: .failure(.lengthNotMinimal)),
        Case("2^63 bytes", [0x82, 0xFF, 0x80, 0, 0, 0, 0, 0, 0, 0], gives: .failure(.lengthOutOfRange)),
        Case(
            "2^63 - 1 bytes", ClientFrames.header(0x82, length: .max), gives: .failure(.messageTooBig(limit: 1 << 20))),
        Case("close of one byte", ClientFrames.frame(8, [3]), gives: .failure(.closeCodeCut)),
        Case(
            "close reason not UTF-8", ClientFrames.close(1000, [0xCE, 0xBA, 0xFF]), gives: .failure(.invalidUTF8)),
        Case("close reason cut", ClientFrames.close(1000, [0xCE]), gives: .failure(.invalidUTF8)),
        Case("text not UTF-8", ClientFrames.frame(1, [0x41, 0xFF]), gives: .failure(.invalidUTF8)),
        Case("text that ends within a character", ClientFrames.frame(1, [0xE2, 0x82]), gives: .failure(.invalidUTF8)),
        Case(
            "message that ends within a character", ClientFrames.frame(1, [0xE2], isFinal: false),
            ClientFrames.frame(0, [0x82]), gives: .failure(.invalidUTF8)),
        Case("a surrogate", ClientFrames.frame(1, [0xED, 0xA0, 0x80]), gives: .failure(.invalidUTF8)),
        Case(
            "answers owed come first", ClientFrames.frame(9, [1]), ClientFrames.text("a"), ClientFrames.frame(5),
            gives: .ping([1]), .text("a"), .failure(.unknownOpcode(5))),
    ]

    @Test(arguments: valid + refused)
    func `one that rests may be forgotten, and a new one takes its place`(expected: Case) {
        for cut in 0...expected.bytes.count {
            var stream = Stream()
            for piece in [expected.bytes[..<cut], expected.bytes[cut...]] {
                stream.feed(Array(piece))
                if stream.peer.isResting { stream.peer = WebSocketProtocol() }
            }
            #expect(stream.seen == expected.expected, "cut at \(cut)")
        }
    }

    @Test func `it rests between messages and not in the middle of one`() {
        let frames = ClientFrames.text("frag", isFinal: false) + ClientFrames.frame(0, Array("ment".utf8))
        let resting = (0...frames.count).filter { cut in
            var stream = Stream()
            stream.feed(Array(frames[..<cut]))
            return stream.peer.isResting
        }
        #expect(resting == [0, frames.count])
    }

    @Test(arguments: valid + refused)
    func `a stream means the same wherever it is cut`(expected: Case) {
        #expect(Stream.events([expected.bytes]) == expected.expected)
        for cut in 0...expected.bytes.count {
            let pieces = [Array(expected.bytes[..<cut]), Array(expected.bytes[cut...])]
            #expect(Stream.events(pieces) == expected.expected, "cut at \(cut)")
        }
        #expect(Stream.events(expected.bytes.map { [$0] }) == expected.expected, "byte by byte")
    }

    @Test(
        arguments: [
            ("reserved bits", [0xC1], FrameError.reservedBits),
            ("opcode", [0x83], .unknownOpcode(3)),
            ("fragmented control", [0x09], .fragmentedControl),
            ("no mask", [0x81, 0x05], .unmaskedFromClient),
            ("long control", [0x89, 0xFE], .controlTooLong),
            ("2^63", [0x82, 0xFF, 0x80], .lengthOutOfRange),
        ] as [(String, [UInt8], FrameError)])
    func `a bad header fails with its first bad byte`(what: String, bytes: [UInt8], error: FrameError) {
        #expect(Stream.events(bytes.map { [$0] }) == [.failure(error)])
    }

    @Test func `impossible text fails before its frame is complete`() {
        let header = ClientFrames.header(0x81, length: 1000, key: [0, 0, 0, 0])
        var stream = Stream()
        stream.feed(header + [0x41, 0xF4])
        #expect(stream.seen.isEmpty)
        stream.feed([0x90])
        #expect(stream.seen == [.failure(.invalidUTF8)])
    }

    @Test func `impossible text fails before its message is complete`() {
        let frames = [
            ClientFrames.frame(1, [0xCE, 0xBA, 0xF4], isFinal: false), ClientFrames.frame(0, [0x90], isFinal: false),
        ]
        #expect(Stream.events(frames) == [.failure(.invalidUTF8)])
    }

    @Test(arguments: [0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535])
    func `a close code that must not be sent is a protocol error`(code: Int) {
        let expected = FrameError.invalidCloseCode(UInt16(code))
        #expect(Stream.events([ClientFrames.close(code)]) == [.failure(expected)])
        #expect(expected.closeCode == .protocolError)
    }

    @Test(arguments: [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999])
    func `a close code that may be sent is passed on`(code: Int) {
        #expect(Stream.events([ClientFrames.close(code)]) == [.close(UInt16(code), "")])
    }

    @Test(arguments: refused)
    func `every refusal has a reason that fits its close frame`(expected: Case) throws {
        guard case .failure(let error) = expected.expected.last else { return }
        let frame = FrameEncoder.close(error.closeCode, reason: error.reason)
        #expect(frame.count == 4 + error.reason.utf8.count)
        #expect(!error.reason.isEmpty)
    }

    @Test(arguments: UInt64(0)..<60)
    func `random messages in random fragments and reads arrive as they were sent`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var sent: [Seen] = []
        var bytes: [UInt8] = []
        for _ in 0..<Int.random(in: 1...6, using: &random) {
            RandomTraffic.appendMessage(to: &bytes, sent: &sent, using: &random)
        }
        for _ in 0..<4 {
            #expect(Stream.events(RandomTraffic.cut(bytes, using: &random)) == sent)
        }
    }

    @Test(arguments: UInt64(0)..<60)
    func `one changed byte changes what follows but never traps`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var sent: [Seen] = []
        var bytes: [UInt8] = []
        for _ in 0..<4 { RandomTraffic.appendMessage(to: &bytes, sent: &sent, using: &random) }
        for _ in 0..<50 {
            var broken = bytes
            broken[Int.random(in: 0..<broken.count, using: &random)] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            // Cuts never change the meaning, not even of nonsense.
            let whole = Stream.events([broken])
            #expect(Stream.events(RandomTraffic.cut(broken, using: &random)) == whole)
        }
    }

    static func letters(_ count: Int) -> String { String(repeating: "x", count: count) }
    static func bytes(_ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7) } }
}

/// What a busy client might send.
enum RandomTraffic {
    static func appendMessage(to bytes: inout [UInt8], sent: inout [Seen], using random: inout SeededGenerator) {
        let isText = Bool.random(using: &random)
        let length = [0, 1, 5, 31, 32, 33, 125, 126, 700].randomElement(using: &random) ?? 0
        let text = String((0..<length).map { _ in "aé€𐍈z".randomElement(using: &random) ?? "a" })
        let payload = isText ? Array(text.utf8) : (0..<length).map { _ in UInt8.random(in: 0...255, using: &random) }
        let pieces = cut(payload, using: &random)
        for (index, piece) in pieces.enumerated() {
            if Int.random(in: 0..<4, using: &random) == 0 {
                let ping = [UInt8.random(in: 0...255, using: &random)]
                bytes += ClientFrames.frame(9, ping)
                sent.append(.ping(ping))
            }
            let opcode: UInt8 = index > 0 ? 0 : isText ? 1 : 2
            let key = (0..<4).map { _ in UInt8.random(in: 0...255, using: &random) }
            bytes += ClientFrames.frame(opcode, piece, isFinal: index == pieces.count - 1, key: key)
        }
        sent.append(isText ? .text(text) : .binary(payload))
    }

    /// Cuts bytes at up to four random places; pieces may be empty.
    static func cut(_ bytes: [UInt8], using random: inout SeededGenerator) -> [[UInt8]] {
        let count = Int.random(in: 0...4, using: &random)
        let cuts = (0..<count).map { _ in Int.random(in: 0...bytes.count, using: &random) }.sorted()
        return zip([0] + cuts, cuts + [bytes.count]).map { Array(bytes[$0..<$1]) }
    }
}
