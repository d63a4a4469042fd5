import Testing
import WSQueueWire

@testable import WSQueueSequencer

struct StreamReaderTests {
    private static let second: Int64 = 1_000_000_000

    /// A reader and what it has done; each test plays Redis.
    private struct Talk {
        var reader = StreamReader(keys: .test, after: 4, epoch: "mine0000")
        var news: [StreamNews] = []
        /// What was sent last.
        var sent: [[String]] = []
        var depth = 0

        mutating func take(_ step: StreamStep) {
            news += step.news
            if let commands = step.commands {
                sent = commands.words
                depth = commands.unpackedDepth
                #expect(commands.answers == sent.count)
            }
        }

        mutating func answer(_ answers: RESPValue...) throws(RedisFault) {
            for answer in answers { take(try reader.receive(answer)) }
        }

        mutating func attach(
            epoch: String = "mine0000", first: String = "0-1", last: String = "0-9"
        ) throws(RedisFault) {
            take(reader.connect())
            let info: [RESPValue] = [
                .text("length"), .integer(9), .text("last-generated-id"), .text(last),
                .text("recorded-first-entry-id"), .text(first),
            ]
            try answer(.ok, .text(epoch), .map(info), .list([Self.entry(4, "probe")]))
        }

        mutating func follow(after seq: UInt64 = 4, attempt: Int = 1, now: Int64 = 0) {
            reader.follow(after: seq, attempt: attempt, now: now)
        }

        mutating func turn(unread: Int = 0, now: Int64 = 1) { take(reader.turn(unread: unread, now: now)) }

        mutating func receive(_ seqs: ClosedRange<UInt64>) {
            for seq in seqs { take(reader.receive(part: Self.entry(seq, "e\(seq)"))) }
        }

        static func entry(_ seq: UInt64, _ event: String) -> RESPValue {
            .list([.text("0-\(seq)"), .list([.text("e"), .text(event)])])
        }

        /// The numbers of all entries that the hub was given.
        var seqs: [UInt64] {
            news.flatMap { if case .entries(let entries) = $0 { entries.map(\.seq) } else { [UInt64]() } }
        }
    }

    @Test func `a stream is looked at by its numbering's name, its ends and the entry that the hub has last`() throws {
        var talk = Talk()
        talk.take(talk.reader.connect())
        #expect(
            talk.sent == [
                ["SET", "{s}:epoch", "mine0000", "NX"], ["GET", "{s}:epoch"], ["XINFO", "STREAM", "s"],
                ["XRANGE", "s", "0-4", "0-4"],
            ])
        #expect(talk.depth == 0)
        talk = Talk()
        try talk.attach(epoch: "other000", first: "0-3", last: "0-9")
        guard case .attached(let place) = talk.news.first else {
            Issue.record("not attached")
            return
        }
        #expect(place.attempt == 1)
        #expect(place.epoch == "other000")
        #expect(place.first == 3)
        #expect(place.last == 9)
        #expect(place.probe?.seq == 4)
        #expect(place.probe?.event == Array("probe".utf8))
        talk.turn()
        #expect(talk.sent.count == 4, "nothing is read before the hub says where")
        #expect(!talk.reader.isFollowing)
    }

    @Test func `a stream that is not there, or has no entry any more, begins after the last number`() throws {
        var talk = Talk()
        talk.take(talk.reader.connect())
        try talk.answer(.ok, .text("mine0000"), .error("ERR no such key"), .list([]))
        #expect(
            talk.news == [.attached(StreamPlace(attempt: 1, epoch: "mine0000", first: 1, last: 0, probe: nil))])
        try talk.attach(first: "0-0", last: "0-9")
        guard case .attached(let place) = talk.news.last else { return }
        #expect(place.first == 10)
    }

    @Test(arguments: [
        (RESPValue.text("a:b"), "0-1", "stream"), (.null, "0-1", "stream"), (.text("mine0000"), "1-5", "stream"),
        (.error("NOPERM no"), "0-1", "NOPERM"),
    ])
    func `what is no stream of ours is a fault`(epoch: RESPValue, last: String, code: String) throws {
        var talk = Talk()
        talk.take(talk.reader.connect())
        let info = RESPValue.map([.text("last-generated-id"), .text(last)])
        let fault = #expect(throws: RedisFault.self) { try talk.answer(.ok, epoch, info, .list([])) }
        #expect(fault?.code == code)
        #expect(talk.news.isEmpty)
    }

    @Test func `entries are read after the last one, and the next are asked for when an answer is over`() throws {
        var talk = Talk()
        try talk.attach()
        talk.follow(after: 6)
        #expect(talk.reader.isFollowing)
        talk.turn()
        let words = ["XREAD", "COUNT", "256", "BLOCK", "1000", "STREAMS", "s"]
        #expect(talk.sent == [words + ["0-6"]])
        #expect(talk.depth == 2)
        talk.take(talk.reader.receive(part: .text("s")))
        talk.receive(7...8)
        #expect(talk.seqs.isEmpty)
        talk.sent = []
        talk.turn()
        #expect(talk.seqs == [7, 8], "the hub has them before the answer is over")
        #expect(talk.sent.isEmpty)
        talk.reader.finishParts()
        talk.turn()
        #expect(talk.sent == [words + ["0-8"]])
        #expect(!talk.news.contains(.readToEnd))
        try talk.answer(.null)
        #expect(talk.news.filter { $0 == .readToEnd }.count == 1, "once it has given nothing")
        talk.turn()
        #expect(talk.sent == [words + ["0-8"]], "a read that found nothing is repeated")
    }

    @Test func `of a long answer the hub is given pieces`() throws {
        var talk = Talk()
        try talk.attach()
        talk.follow()
        talk.turn()
        talk.receive(5...260)
        #expect(talk.seqs == Array(5...260))
        talk.receive(261...262)
        #expect(talk.seqs.count == 256)
        talk.take(talk.reader.disconnect())
        #expect(talk.seqs == Array(5...262), "a lost connection loses no entry that has come")
        talk.take(talk.reader.disconnect())
        #expect(talk.seqs.count == 258)
    }

    @Test func `what is no entry is passed over`() throws {
        var talk = Talk()
        try talk.attach()
        talk.follow()
        talk.turn()
        talk.take(talk.reader.receive(part: .list([.text("5-5"), .list([])])))
        talk.take(talk.reader.receive(part: .integer(3)))
        talk.turn()
        #expect(talk.seqs.isEmpty)
    }

    @Test func `a hub that does not keep up is asked less, and then sent nothing`() throws {
        var talk = Talk()
        let (asked, read) = (4 * 1_048_576, 16 * 1_048_576)
        #expect(talk.reader.isReading(unread: read))
        try talk.attach()
        talk.follow()
        talk.sent = []
        talk.turn(unread: asked)
        #expect(talk.sent.isEmpty)
        #expect(talk.reader.isReading(unread: read - 1))
        #expect(!talk.reader.isReading(unread: read))
        talk.turn(unread: asked - 1)
        #expect(talk.sent.first?.first == "XREAD")
    }

    @Test func `each second the numbering's name is looked at, and another one has all looked at anew`() throws {
        var talk = Talk()
        try talk.attach()
        talk.follow(now: 0)
        talk.turn(now: Self.second - 1)
        #expect(talk.sent.count == 1)
        try talk.answer(.null)
        talk.turn(now: Self.second)
        #expect(talk.sent.map(\.first) == ["GET", "XREAD"])
        #expect(talk.sent.first == ["GET", "{s}:epoch"])
        try talk.answer(.text("mine0000"), .null)
        talk.turn(now: Self.second + 1)
        #expect(talk.sent.count == 1)
        try talk.answer(.null)
        talk.turn(now: 2 * Self.second)
        try talk.answer(.text("other000"))
        talk.sent = []
        talk.turn(now: 2 * Self.second)
        #expect(talk.sent.isEmpty, "the read under way is waited for")
        talk.receive(5...5)
        talk.reader.finishParts()
        talk.turn(now: 2 * Self.second)
        #expect(talk.seqs == [5])
        #expect(talk.sent.first == ["SET", "{s}:epoch", "mine0000", "NX"])
        #expect(talk.sent.last == ["XRANGE", "s", "0-5", "0-5"])
        #expect(!talk.reader.isFollowing)
        try talk.answer(.null, .text("other000"), .error("ERR no such key"), .list([]))
        guard case .attached(let place) = talk.news.last else {
            Issue.record("not attached")
            return
        }
        #expect(place.attempt == 2)
    }

    @Test(arguments: [(UInt64(4), true), (3, true), (5, false)])
    func `a number that was given before has all looked at anew`(first: UInt64, isLost: Bool) throws {
        var talk = Talk()
        talk.reader.noteNumber(1)
        try talk.attach()
        talk.follow(after: 4)
        talk.reader.noteNumber(first)
        talk.turn()
        #expect((talk.sent.first?.first == "SET") == isLost)
        #expect(talk.reader.isFollowing != isLost)
    }

    @Test func `orders for a look that another has overtaken are out of date`() throws {
        var talk = Talk()
        try talk.attach()
        try talk.attach()
        talk.follow(attempt: 1)
        #expect(!talk.reader.isFollowing)
        talk.sent = []
        talk.take(talk.reader.renew(from: "mine0000", to: "new00000", attempt: 1))
        #expect(talk.sent.isEmpty)
        talk.follow(attempt: 2)
        #expect(talk.reader.isFollowing)
        talk.take(talk.reader.renew(from: "mine0000", to: "new00000", attempt: 2))
        #expect(talk.sent.isEmpty, "who follows has decided")
        talk.take(talk.reader.disconnect())
        talk.follow(attempt: 2)
        #expect(!talk.reader.isFollowing)
    }

    @Test func `a numbering gets another name under a watch, and is looked at again`() throws {
        var talk = Talk()
        try talk.attach()
        talk.take(talk.reader.renew(from: "mine0000", to: "new00000", attempt: 1))
        #expect(talk.sent == [["WATCH", "{s}:epoch"], ["GET", "{s}:epoch"]])
        try talk.answer(.ok, .text("mine0000"))
        #expect(talk.sent.map(\.first) == ["MULTI", "SET", "DEL", "EVAL", "EXEC"])
        try talk.answer(.ok, .queued, .queued, .queued)
        #expect(talk.sent.count == 5)
        try talk.answer(.list([.ok]))
        #expect(talk.sent.last == ["XRANGE", "s", "0-4", "0-4"])
    }

    private static let pastCommands = [
        ["MULTI"], ["GET", "{s}:epoch"], ["XINFO", "STREAM", "s"],
        ["EVAL", StreamScripts.read, "1", "{s}:state", "50331648"], ["GET", "{s}:trimmed"],
        ["EXEC"],
    ]

    @Test(arguments: [("\0r", "4 5 m3 what"), ("c\0k", "7 0 e 5 1"), ("?", "")])
    func `what cannot be read beside the stream, or is not named, makes it incomplete`(field: String, value: String)
        throws
    {
        let info: [RESPValue] = [.text("last-generated-id"), .text("0-12")]
        let answers = { (fields: [RESPValue]) in [RESPValue.text("e"), .map(info), .map(fields), .null] }
        let past = try #require(StreamPast(answers([.text("\0m"), .text("3 0 -"), .text(field), .text(value)])))
        #expect(!past.isComplete && past.kept.count == 1)
        #expect(try #require(StreamPast(answers([.text("\0m"), .text("3 0 -")]))).isComplete)
    }

    @Test func `what the stream gave before it is looked at is known, in one numbering`() throws {
        var talk = Talk()
        func known() -> UInt64? { if case .attached(let place)? = talk.news.last { place.known } else { nil } }
        try talk.attach()
        #expect(known() == 0)
        talk.follow()
        talk.reader.noteNumber(12)
        talk.take(talk.reader.connect())
        // Given after the look was sent: it may not be in the answer.
        talk.reader.noteNumber(13)
        _ = talk.reader.disconnect()
        try talk.attach()
        #expect(known() == 13)
        try talk.attach(epoch: "other000")
        #expect(known() == 0)
    }

    @Test func `what has ended the state of keys is read, as far as it is whole`() throws {
        let info: [RESPValue] = [.text("last-generated-id"), .text("0-12")]
        let (first, second) = ("+3 22 c\0k7 0 e 5 1 2 1 2 0oid{}", "+2 5 \0m3 0 -")
        for (text, count) in [(first + second, 2), (first + second.dropLast(), 1), ("+3", 0), ("+9 9 x", 0), ("3", 0)] {
            let fields: [RESPValue] = [.text("~7"), .text(text)]
            let past = try #require(StreamPast([.text("e"), .map(info), .map(fields), .null]))
            #expect(past.ended.count == count && past.kept.isEmpty && past.isComplete)
            guard count == 2 else { continue }
            #expect(past.ended.map(\.channel) == ["c", ""] && past.ended.map(\.number) == [7, 3])
        }
    }

    private static func past(epoch: String, _ trimmed: RESPValue = .null) -> RESPValue {
        let info: [RESPValue] = [.text("last-generated-id"), .text("0-12")]
        let fields: [RESPValue] = [
            .text(""), .text("99 3"), .text("c\0k"), .text("7 0 e 5 1 2 1 2 0oid{}"), .text("\0m"), .text("3 0 -"),
            .text("\0r"), .text("4 5 m2 4 record"), .text("@"), .text("mine0000"),
        ]
        return .list([.text(epoch), .map(info), .map(fields), trimmed])
    }

    @Test func `what is beside the stream is found out before it is followed, and while it is`() throws {
        var talk = Talk()
        try talk.attach()
        talk.take(talk.reader.readPast())
        #expect(talk.sent == Self.pastCommands)
        try talk.answer(.ok, .queued, .queued, .queued, .queued, Self.past(epoch: "mine0000", .text("5 marks")))
        guard case .past(let past)? = talk.news.last else {
            Issue.record("nothing is told")
            return
        }
        #expect(past.last == 12 && past.isComplete && past.isSettled && past.trimmed?.end == 5)
        #expect(past.trimmed?.marks == Array("marks".utf8))
        #expect(past.kept.map(\.number) == [7, 3, 4])
        guard case .entry(let entry) = past.kept[0].content else {
            Issue.record("no entry")
            return
        }
        #expect(entry.seq == 7 && entry.event == Array("{}".utf8) && entry.id == Array("id".utf8))
        #expect(entry.owner == Array("o".utf8) && entry.nanoseconds == 1 && entry.stamp == 2)
        #expect(past.kept[1].content == .missing && past.kept[2].content == .record(Array("record".utf8), order: 4))
        talk.follow()
        #expect(talk.reader.isFollowing)
        talk.turn()
        talk.take(talk.reader.readPast())
        #expect(talk.sent.first?.first == "XREAD", "a read is under way")
        talk.receive(5...5)
        talk.reader.finishParts()
        talk.turn()
        #expect(talk.sent == Self.pastCommands)
        try talk.answer(.ok, .queued, .queued, .queued, .queued, Self.past(epoch: "mine0000"))
        #expect(talk.reader.isFollowing)
        // Under another name all is looked at anew.
        talk.turn()
        talk.take(talk.reader.readPast())
        talk.reader.finishParts()
        talk.turn()
        try talk.answer(.ok, .queued, .queued, .queued, .queued, Self.past(epoch: "other000"))
        #expect(talk.sent.last == ["XRANGE", "s", "0-5", "0-5"])
    }

    @Test func `the state is corrected with the new name`() throws {
        var talk = Talk()
        try talk.attach()
        var corrections = StateCorrections(isPast: true)
        corrections.add([0, 1], seen: 4, [2])
        corrections.add([0, 2], seen: nil, [])
        talk.take(talk.reader.renew(from: "mine0000", to: "new00000", attempt: 1, corrections))
        try talk.answer(.ok, .text("mine0000"))
        #expect(talk.sent.count == 5)
        #expect(
            talk.sent[3].prefix(7) == [
                "EVAL", StreamScripts.correct, "2", "{s}:state", "{s}:epoch", "new00000", "1",
            ])
        #expect(talk.sent[3].suffix(6) == ["\0\u{1}", "=4", "\u{2}", "\0\u{2}", "=", ""])
    }

    @Test func `a name that another server has given is taken`() throws {
        var talk = Talk()
        try talk.attach()
        talk.take(talk.reader.renew(from: "mine0000", to: "new00000", attempt: 1))
        try talk.answer(.ok, .text("other000"))
        #expect(talk.sent.last == ["XRANGE", "s", "0-4", "0-4"])
        // And one that was given between the look and the transaction, too.
        try talk.answer(.null, .text("other000"), .error("ERR no such key"), .list([]))
        talk.take(talk.reader.renew(from: "other000", to: "new00000", attempt: 2))
        try talk.answer(.ok, .text("other000"), .ok, .queued, .queued, .queued, .null)
        #expect(talk.sent.last == ["XRANGE", "s", "0-4", "0-4"])
    }

    @Test func `a refusal while entries are read, or the name is changed, is a fault`() throws {
        var talk = Talk()
        try talk.attach()
        talk.follow()
        talk.turn()
        let fault = #expect(throws: RedisFault.self) { try talk.answer(.error("LOADING it reads")) }
        #expect(fault?.code == "LOADING")
        talk.take(talk.reader.disconnect())
        try talk.attach()
        talk.take(talk.reader.renew(from: "mine0000", to: "new00000", attempt: 2))
        let second = #expect(throws: RedisFault.self) { try talk.answer(.error("READONLY no")) }
        #expect(second?.code == "READONLY")
    }

    @Test func `answers that no command waits for change nothing`() throws {
        var talk = Talk()
        try talk.answer(.ok)
        try talk.attach()
        try talk.answer(.ok)
        #expect(talk.news.count == 1)
    }
}
