import Testing
import WSQueueWire

@testable import WSQueueSequencer

struct StreamWriterTests {
    /// A writer and what it has done; each test plays Redis.
    private struct Talk {
        var writer: StreamWriter
        var news: [StreamNews] = []
        /// What was sent last.
        var sent: [[String]] = []
        var firstNumber: UInt64?

        init(replicas: Int = 0) { writer = StreamWriter(keys: .test, replicas: replicas) }

        mutating func take(_ step: StreamStep) {
            news += step.news
            if let commands = step.commands {
                sent = commands.words
                #expect(commands.answers == sent.count)
            }
            firstNumber = step.firstNumber ?? firstNumber
        }

        mutating func connect() { take(writer.connect()) }

        mutating func write(_ batch: StreamBatch? = nil) {
            if let batch { writer.take(batch) }
            take(writer.write())
        }

        mutating func answer(_ answers: RESPValue...) throws(RedisFault) {
            for answer in answers { take(try writer.receive(answer)) }
        }

        /// The answers to a new connection's first commands.
        mutating func fence(sent: RESPValue = .null) throws(RedisFault) {
            connect()
            try answer(.integer(1), sent, .ok)
        }
    }

    private let batch = StreamBatch(3, ["a", "b"])

    @Test func `a new connection raises the fence, reads the last note and watches, in this order`() throws {
        var talk = Talk()
        talk.connect()
        #expect(talk.sent == [["INCR", "{s}:fence:n"], ["GET", "{s}:sent:n"], ["WATCH", "{s}:fence:n"]])
        #expect(!talk.writer.isIdle)
        try talk.answer(.integer(7), .text("old note"))
        #expect(talk.news.isEmpty)
        try talk.answer(.ok)
        #expect(talk.news == [.fenced(sent: Array("old note".utf8))])
        #expect(talk.writer.isIdle)
    }

    @Test func `what a process before has sent is told once, and that it is nothing too`() throws {
        var talk = Talk()
        try talk.fence()
        talk.writer.disconnect()
        try talk.fence(sent: .text("note 9"))
        #expect(talk.news == [.fenced(sent: nil)])
    }

    @Test func `events, the note and the next watch are one transaction`() throws {
        var talk = Talk()
        try talk.fence()
        talk.write(batch)
        #expect(
            talk.sent == [
                ["MULTI"], ["XADD", "s", "0-*", "e", "a", "i", "a"], ["XADD", "s", "0-*", "e", "b", "i", "b"],
                ["EVAL", StreamScripts.note, "2", "s", "{s}:sent:n", "b", "note 3"], ["EXEC"],
                ["WATCH", "{s}:fence:n"],
            ])
        #expect(talk.writer.hasBatch)
        talk.sent = []
        talk.write()
        #expect(talk.sent.isEmpty, "nothing is sent while a transaction has no answer")
        try talk.answer(.ok, .queued, .queued, .queued, .list([.text("0-5"), .text("0-6"), .ok]), .ok)
        #expect(talk.news.last == .written(number: 3, seq: 6))
        #expect(talk.firstNumber == 5)
        #expect(talk.writer.isIdle)
        #expect(!talk.writer.hasBatch)
        talk.write()
        #expect(talk.sent.isEmpty, "a batch that is written is not written again")
    }

    @Test func `what is too much goes from the stream with a note, before the next batch and until it has gone`() throws
    {
        var talk = Talk()
        talk.writer.take(StreamTrim(epoch: "e", end: 9, marks: Array("marks".utf8)))
        try talk.fence()
        talk.write(batch)
        let command = [
            "EVAL", StreamScripts.trim, "3", "s", "{s}:trimmed", "{s}:epoch", "e", "9", "0-10",
            "marks",
        ]
        #expect(talk.sent == [command])
        talk.writer.disconnect()
        try talk.fence()
        talk.write()
        #expect(talk.sent == [command])
        // What is refused there keeps no event.
        try talk.answer(.error("OOM no room"))
        talk.write()
        #expect(talk.sent.first == ["MULTI"])
    }

    @Test func `without a connection, or before the fence is up, nothing is written`() throws {
        var talk = Talk()
        talk.write(batch)
        #expect(talk.sent.isEmpty)
        talk.connect()
        try talk.answer(.integer(1), .null)
        talk.sent = []
        talk.write()
        #expect(talk.sent.isEmpty, "the watch has no answer: a stopped server could find it too late")
        try talk.answer(.ok)
        talk.write()
        #expect(talk.sent.first == ["MULTI"])
    }

    @Test func `a transaction left in a stopped server's socket is not carried out after the fence is raised`() throws {
        var talk = Talk()
        try talk.fence()
        talk.write(batch)
        // Another connection has raised the fence: EXEC answers null.
        let fault = #expect(throws: RedisFault.self) {
            try talk.answer(.ok, .queued, .queued, .queued, .null, .ok)
        }
        #expect(fault?.code == "fenced")
        #expect(talk.writer.hasBatch)
        #expect(talk.news.count == 1)
        talk.writer.disconnect()
        try talk.fence()
        talk.write()
        #expect(talk.sent.first == ["MULTI"], "it is sent again")
    }

    @Test func `a transaction whose answer was lost is recognised by its note`() throws {
        var talk = Talk()
        try talk.fence()
        talk.write(batch)
        talk.writer.disconnect()
        try talk.fence(sent: .text("note 3"))
        #expect(talk.news.last == .written(number: 3, seq: 0))
        #expect(!talk.writer.hasBatch)
        talk.sent = []
        talk.write()
        #expect(talk.sent.isEmpty)
    }

    @Test(arguments: [nil, "note 2"]) func `a transaction that was lost before it was carried out is sent again`(
        note: String?
    ) throws {
        var talk = Talk()
        try talk.fence()
        talk.write(batch)
        try talk.answer(.ok, .queued)
        talk.writer.disconnect()
        try talk.fence(sent: note.map { .text($0) } ?? .null)
        #expect(talk.news.count == 1)
        talk.write()
        #expect(talk.sent.count == 6)
        try talk.answer(.ok, .queued, .queued, .queued, .list([.text("0-1"), .text("0-2"), .ok]), .ok)
        #expect(talk.news.last == .written(number: 3, seq: 2))
    }

    @Test(arguments: [
        ("WRONGTYPE Operation against a key", "WRONGTYPE"), ("ERR The ID specified in XADD", "stream"),
    ])
    func `events that were refused are sent again, and have no note that names them`(refusal: String, code: String)
        throws
    {
        var talk = Talk()
        try talk.fence()
        talk.write(batch)
        let fault = #expect(throws: RedisFault.self) {
            try talk.answer(
                .ok, .queued, .queued, .queued, .list([.error(refusal), .error(refusal), .error("ERR")]), .ok)
        }
        #expect(fault == RedisFault(code: code, text: refusal))
        talk.writer.disconnect()
        try talk.fence(sent: .text("note 2"))
        #expect(talk.writer.hasBatch)
        talk.write()
        try talk.answer(.ok, .queued, .queued, .queued, .list([.text("0-1"), .text("0-2"), .ok]), .ok)
        #expect(talk.news == [.fenced(sent: nil), .written(number: 3, seq: 2)])
        // The batch after it is recognised by its note.
        talk.write(StreamBatch(4, ["c"]))
        talk.writer.disconnect()
        try talk.fence(sent: .text("note 4"))
        #expect(talk.news.last == .written(number: 4, seq: 0))
    }

    @Test func `the first refusal is the reason, not what EXEC says of it`() throws {
        var talk = Talk()
        try talk.fence()
        talk.write(batch)
        let fault = #expect(throws: RedisFault.self) {
            try talk.answer(
                .ok, .error("OOM command not allowed"), .queued, .queued,
                .error("EXECABORT Transaction discarded"), .ok)
        }
        #expect(fault == RedisFault(code: "OOM", text: "OOM command not allowed"))
        talk.writer.disconnect()
        talk.connect()
        let second = #expect(throws: RedisFault.self) { try talk.answer(.error("NOPERM no"), .null, .ok) }
        #expect(second?.code == "NOPERM")
    }

    @Test func `a batch counts as written once enough replicas have it`() throws {
        var talk = Talk(replicas: 2)
        try talk.fence()
        talk.write(batch)
        #expect(talk.sent.suffix(2) == [["WAIT", "2", "2000"], ["WATCH", "{s}:fence:n"]])
        try talk.answer(.ok, .queued, .queued, .queued, .list([.text("0-5"), .text("0-6"), .ok]), .integer(2))
        #expect(talk.news.count == 1)
        try talk.answer(.ok)
        #expect(talk.news.last == .written(number: 3, seq: 6))
        #expect(talk.firstNumber == 5)
    }

    @Test(arguments: [1, 3]) func `a replica short: the next connection asks about the note, and writes no event again`(
        later: Int64
    ) throws {
        var talk = Talk(replicas: 2)
        try talk.fence()
        talk.write(batch)
        let fault = #expect(throws: RedisFault.self) {
            try talk.answer(
                .ok, .queued, .queued, .queued, .list([.text("0-5"), .text("0-6"), .ok]), .integer(1), .ok)
        }
        #expect(fault == RedisFault(code: "replicas", text: "1 of 2 replicas have what was written"))
        #expect(talk.news.count == 1)
        talk.writer.disconnect()
        try talk.fence(sent: .text("note 3"))
        #expect(
            talk.sent == [["SET", "{s}:sent:n", "note 3"], ["WAIT", "2", "2000"], ["WATCH", "{s}:fence:n"]])
        #expect(!talk.writer.isIdle)
        guard later >= 2 else {
            let again = #expect(throws: RedisFault.self) { try talk.answer(.ok, .integer(later), .ok) }
            #expect(again?.code == "replicas")
            #expect(talk.writer.hasBatch)
            return
        }
        try talk.answer(.ok, .integer(later), .ok)
        #expect(talk.news.last == .written(number: 3, seq: 0))
        #expect(talk.writer.isIdle)
    }

    @Test func `answers that no command waits for change nothing`() throws {
        var talk = Talk()
        try talk.answer(.ok)
        try talk.fence()
        try talk.answer(.ok, .list([]))
        #expect(talk.news.count == 1)
        #expect(talk.writer.isIdle)
    }
}
