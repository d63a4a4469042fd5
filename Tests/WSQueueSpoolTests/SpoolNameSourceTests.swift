import Foundation
import Testing
import WSQueueSpool

struct SpoolNameSourceTests {
    @Test func `a name is the time in 19 digits, the process, a counter and a random part`() {
        let source = SpoolNameSource(random: 0xA1B)
        let stem = source.next(unixNanoseconds: 1_795_231_806_123_456_789, processIdentifier: 42)
        #expect(stem.description == "1795231806123456789-42-1-00000a1b")
        #expect(stem.visible(.batch).description == "1795231806123456789-42-1-00000a1b.jsonl")
        #expect(stem.hidden(.event).description == ".1795231806123456789-42-1-00000a1b.json.tmp")
    }

    @Test(arguments: [[5, 5, 5], [1_000, 10, 9], [-5, -5, 0], [0, 9_000_000_000_000_000_000, 1]] as [[Int64]])
    func `names increase as text and as times whatever the clock does`(clock: [Int64]) throws {
        let source = SpoolNameSource(random: 1)
        let names = clock.map { source.next(unixNanoseconds: $0, processIdentifier: 1).visible(.event).description }
        #expect(names == names.sorted() && Set(names).count == names.count)
        let times = try names.map { try #require(SpoolName(Array($0.utf8).span).timeNanoseconds) }
        #expect(zip(times, times.dropFirst()).allSatisfy { $0 < $1 })
    }

    @Test func `threads that ask at once never get the same time`() {
        let source = SpoolNameSource(random: 1)
        let names = Names()
        DispatchQueue.concurrentPerform(iterations: 8) { _ in
            names.add((0..<500).map { _ in source.next(unixNanoseconds: 7, processIdentifier: 1).description })
        }
        #expect(Set(names.all.map { $0.prefix(19) }).count == 4_000)
    }

    private final class Names: @unchecked Sendable {
        private let lock = NSLock()
        private(set) var all: [String] = []

        func add(_ names: [String]) { lock.withLock { all += names } }
    }
}
