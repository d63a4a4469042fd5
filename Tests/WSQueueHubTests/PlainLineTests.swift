import Foundation
import Support
import Testing
import WSQueueBroker
import WSQueueCore
import WSQueueLog
import WSQueueOperation
import WSQueueSpool
import WSQueueSystem

@testable import WSQueueHub

/// Plain lines of batches are written without the way that all other events go. What clients and the journal get of them
/// must be the very same bytes: where each event has a log line of its own, all go that way.
struct PlainLineTests {
    /// What a hub has made of a batch.
    private struct Outcome: Equatable {
        var seq: UInt64 = 0
        var texts: [String] = []
        var audiences: [Audience] = []
        var records: [UInt8] = []
    }

    private func outcome(
        of batch: String, named name: String, payloadKey: String, _ lines: Configuration.EventLines
    ) throws -> Outcome {
        try withTemporaryDirectory(isInMemory: true) { path in
            let journal = "\(path)/journal"
            try FileManager.default.createDirectory(atPath: journal, withIntermediateDirectories: true)
            let hub = try HubHarness(
                path, journal: .directory(try Directory.open(journal)), payloadKey: payloadKey
            ) {
                $0.eventLines = lines
                $0.eventLimitBytes = 131_072
            }
            hub.unix = 1_800_000_000_000_000_000
            var outcome = Outcome()
            func take() throws {
                for _ in 0..<200 where !hub.names.isEmpty {
                    // Not by the wall clock: the same in both.
                    hub.unix = 1_800_000_000_000_000_000
                    hub.turn(after: 0)
                    hub.now += 1_000_000_000
                    let published = hub.published()
                    outcome.texts += published.map(\.text)
                    outcome.audiences += published.map(\.audience)
                }
                #expect(hub.names.isEmpty)
            }
            // Once more as another file: what has ids of its own is known.
            for file in ["\(hub.path)/\(name).jsonl", "\(hub.path)/\(name)2.jsonl"] {
                try hub.place(URL(fileURLWithPath: file).lastPathComponent, batch)
                let time = Date(timeIntervalSince1970: 1_800_000_000)
                try FileManager.default.setAttributes([.modificationDate: time], ofItemAtPath: file)
                try take()
            }
            outcome.seq = hub.seq
            var place = hub.history.position(after: 0)
            while let position = place, let chunk = try hub.history.read(from: position, limitBytes: 65_536) {
                outcome.records += chunk.records
                place = chunk.position(at: chunk.records.count)
            }
            return outcome
        }
    }

    private static let names = [
        "1700000000000000001-1-1-ab", #"1700000000000000001-1-1-a"b\c"#, "1700000000000000001-1-1-Zoë", "orders",
    ]

    @Test(arguments: Array(1...8) as [UInt64])
    func `frames and records of generated batches are those of events that go all the way`(seed: UInt64) throws {
        var maker = LineMaker(seed: seed)
        let batch = maker.batch(80)
        let name = Self.names[Int(seed) % Self.names.count]
        let key = seed % 3 == 0 ? "da\"ta" : "payload"
        let short = try outcome(of: batch, named: name, payloadKey: key, .off)
        let long = try outcome(of: batch, named: name, payloadKey: key, .all)
        #expect(short.seq > 40 && !short.records.isEmpty)
        // Not the two themselves, which are long.
        let isSame = short == long
        #expect(isSame)
    }

    @Test func `a line with a log line of its own goes all the way, and the next one does not`() throws {
        let line = #"{"event":"n","payload":1,"timestamp":1792000000}"#
        let batch = Array(repeating: line, count: 120).joined(separator: "\n")
        let name = Self.names[0]
        let sampled = try outcome(of: batch, named: name, payloadKey: "payload", .sampled)
        let all = try outcome(of: batch, named: name, payloadKey: "payload", .all)
        #expect(sampled == all && sampled.seq == 240)
        #expect(sampled.texts[99].hasSuffix(#""id":"\#(name)/100","seq":100}"#))
    }

    @Test func `lines for everyone but some go all the way`() throws {
        try withTemporaryDirectory(isInMemory: true) { path in
            let hub = try HubHarness(path) { $0.eventLines = .off }
            hub.publications.isSelective = true
            try hub.place("\(Self.names[0]).jsonl", #"{"event":"n","payload":1,"timestamp":1792000000}"#)
            hub.turn()
            #expect(hub.published().map(\.audience) == [.everyoneExcept(.none)])
        }
    }

    // MARK: What the check keeps

    private func lines(_ checked: CheckedLines, _ contents: [UInt8]) -> [String] {
        var checked = checked
        var found: [String] = []
        while let line = checked.next() { found.append("\(line.number) \(line.range) \(line.text)") }
        var rest = checked.rest
        while let line = rest.next(in: contents.span) {
            guard let text = try? EventText.decode(contents.span.extracting(line.range)) else { continue }
            found.append("\(line.number) \(line.range) \(text)")
        }
        return found
    }

    @Test(arguments: [0, 1, 2_000, 1 << 20])
    func `what is kept of the lines, and what is read again, are all lines in order`(room: Int) throws {
        var maker = LineMaker(seed: UInt64(room) + 99)
        let contents = Array(maker.batch(150).utf8)
        var lines = BatchLines()
        var checked = CheckedLines(lines, byteCount: 0, leastBytes: room)
        while let line = lines.next(in: contents.span) {
            let text = try EventText.decode(contents.span.extracting(line.range))
            checked.add(text, line, in: contents.span, before: lines)
        }
        let none = CheckedLines(BatchLines(), byteCount: 0, leastBytes: 0)
        #expect(self.lines(checked, contents) == self.lines(none, contents))
    }

    @Test func `a plain event is what was decoded, and nearly all that our publishers write are`() throws {
        var maker = LineMaker(seed: 5)
        var plainCount = 0
        for number in 1...2_000 {
            let bytes = Array(maker.line().utf8)
            let text = try EventText.decode(bytes.span)
            guard let plain = PlainEventText(text, in: bytes.span, at: 7..<7 + bytes.count, line: number) else {
                continue
            }
            plainCount += 1
            #expect(plain.text == text && plain.line == number && plain.range == 7..<7 + bytes.count)
        }
        #expect(plainCount > 300)
    }
}
