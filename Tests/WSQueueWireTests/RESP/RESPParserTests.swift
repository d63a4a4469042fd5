import Testing
import WSQueueWire

@Suite struct RESPParserTests {
    @Test(arguments: RESPParserTests.corpus)
    func `a reply cut at any byte reads the same`(text: String, value: RESPValue) throws {
        let bytes = Array(text.utf8)
        for cut in 0...bytes.count {
            var parser = RESPParser()
            parser.append(bytes.span.extracting(..<cut))
            let early = try parser.next()
            if cut < bytes.count { #expect(early == nil) } else { #expect(early == .value(value)) }
            parser.append(bytes.span.extracting(cut...))
            if cut < bytes.count {
                let part = try parser.next()
                #expect(part == .value(value))
            }
            #expect(parser.bufferedBytes == 0)
        }
    }

    @Test func `replies that come byte by byte come out in order`() throws {
        var parser = RESPParser()
        var values: [RESPValue] = []
        for byte in Self.corpus.flatMap({ Array($0.0.utf8) }) {
            parser.append([byte].span)
            while case .value(let value) = try parser.next() { values.append(value) }
        }
        #expect(values == Self.corpus.map(\.1))
    }

    @Test func `of an unpacked reply each element is told when it is there`() throws {
        var parser = RESPParser()
        parser.unpackedDepth = 2
        var parts: [RESPPart] = []
        let text = "%1\r\n+s\r\n*2\r\n*2\r\n+0-1\r\n*2\r\n+e\r\n+x\r\n*2\r\n+0-2\r\n*0\r\n_\r\n"
        for byte in Array(text.utf8) {
            parser.append([byte].span)
            while let part = try parser.next() { parts.append(part) }
        }
        let first = RESPValue.list([.text(Array("0-1".utf8)), .list([.text([0x65]), .text([0x78])])])
        #expect(
            parts == [
                .open(count: 2), .value(.text([0x73])), .open(count: 2), .value(first),
                .value(.list([.text(Array("0-2".utf8)), .list([])])), .close, .close, .value(.null),
            ])
    }

    @Test(arguments: [
        "HTTP/1.1 400 Bad Request\r\n", "*99999999999\r\n", "$-2\r\n", ":x\r\n", "#y\r\n", "+\n\r\n\rx", "$1\r\nab\r\n",
        "%-1\r\n", "$99999999\r\n", "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n", "+a\rb\r\n", ",one\r\n", "=2\r\nab\r\n", "\r\n",
    ])
    func `what is no reply is refused`(text: String) {
        var limits = RESPLimits()
        limits.depth = 4
        var parser = RESPParser(limits: limits)
        parser.append(text.utf8.span)
        #expect(throws: RESPFault.self) { while try parser.next() != nil {} }
    }

    @Test func `many small elements count against the limit of a reply`() throws {
        var limits = RESPLimits()
        limits.replyBytes = 1_000
        var parser = RESPParser(limits: limits)
        let text = "*100\r\n" + String(repeating: "_\r\n", count: 100)
        parser.append(text.utf8.span)
        #expect(throws: RESPFault.self) { try parser.next() }
    }

    @Test func `a command is an array of strings`() throws {
        var bytes: [UInt8] = []
        RESPCommand.append(["SET", "schlüssel", ""], to: &bytes)
        #expect(String(decoding: bytes, as: UTF8.self) == "*3\r\n$3\r\nSET\r\n$10\r\nschlüssel\r\n$0\r\n\r\n")
    }

    /// What Redis 7.0 writes, and what the specification of RESP3 shows besides.
    ///
    /// Made anew each time: LeakSanitizer does not find what a global holds behind the spare bits of an enum's pointers.
    static var corpus: [(String, RESPValue)] {
        [
            ("+OK\r\n", .text(Array("OK".utf8))),
            ("-LOADING Redis is loading\r\n", .error("LOADING Redis is loading")),
            (":-12\r\n", .integer(-12)),
            ("$5\r\na\r\nbc\r\n", .text(Array("a\r\nbc".utf8))),
            ("$0\r\n\r\n", .text([])),
            ("$-1\r\n", .null), ("*-1\r\n", .null), ("_\r\n", .null), ("*0\r\n", .list([])),
            ("*2\r\n:1\r\n*1\r\n$1\r\na\r\n", .list([.integer(1), .list([.text([0x61])])])),
            ("%1\r\n+proto\r\n:3\r\n", .map([.text(Array("proto".utf8)), .integer(3)])),
            ("~1\r\n#t\r\n", .list([.boolean(true)])), ("#f\r\n", .boolean(false)),
            (",1.5\r\n", .number(1.5)), (",inf\r\n", .number(.infinity)),
            ("(349\r\n", .text(Array("349".utf8))), ("=5\r\ntxt:a\r\n", .text([0x61])),
            ("!3\r\nERR\r\n", .error("ERR")),
            (">2\r\n+message\r\n$1\r\na\r\n", .push([.text(Array("message".utf8)), .text([0x61])])),
            ("|1\r\n+ttl\r\n:1\r\n+a\r\n", .text([0x61])),
            ("*2\r\n|1\r\n+ttl\r\n*1\r\n:1\r\n+a\r\n|0\r\n+b\r\n", .list([.text([0x61]), .text([0x62])])),
        ]
    }
}
