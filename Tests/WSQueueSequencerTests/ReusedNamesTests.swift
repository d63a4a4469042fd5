import Testing
import WSQueueLog
import WSQueueSequencer

/// Which event a file is whose name may be used again.
struct ReusedNamesTests {
    private static let base = JournalRecord.Identity(id: Array("status@5".utf8), owner: EventOwner([1]))

    /// A file as it is looked at, and what it is.
    struct Look {
        var isSame = false
        /// Which bytes it has, where it has come with the times of another one.
        var copied: UInt32?
        let verdict: ReusedNames.Verdict
    }

    private func decide(_ names: inout ReusedNames, _ look: Look, known: Set<Int>) -> ReusedNames.Verdict {
        let file = ReusedNames.File(
            base: Self.base, isSame: look.isSame,
            copied: look.copied.map { JournalRecord.Fingerprint(byteCount: 9, checksum: $0) })
        return names.decide(file) { known.contains($0) }
    }

    /// One after the other, by a process that has just started.
    ///
    /// - `known`: The counts of events of that name and mtime that the journal has had from the start.
    @Test(
        arguments: [
            ("what is not known is the first", [], [Look(verdict: .new(count: 1))]),
            ("what a crash has left is the same", [1], [Look(isSame: true, verdict: .known)]),
            (
                "it stays the same, however often it is looked at before anything else is taken", [1],
                [
                    Look(isSame: true, verdict: .known), Look(isSame: true, verdict: .known),
                ]
            ),
            ("other bytes after a crash are another event", [1], [Look(verdict: .new(count: 2))]),
            ("and behind all that are known", [1, 2, 3], [Look(verdict: .new(count: 4))]),
            (
                "a hole that trimming has left is used", [2, 3],
                [Look(verdict: .new(count: 1)), Look(verdict: .new(count: 4))]
            ),
            (
                "rewrites within a tick are events of their own", [],
                (1...5).map { Look(isSame: $0 > 1, verdict: .new(count: $0)) }
            ),
            (
                "also behind what a crash has left", [1],
                [
                    Look(isSame: true, verdict: .known), Look(verdict: .new(count: 2)),
                    Look(isSame: true, verdict: .new(count: 3)),
                ]
            ),
            (
                "a copy that keeps times is the same, in one process too", [],
                [
                    Look(copied: 1, verdict: .new(count: 1)), Look(isSame: true, copied: 1, verdict: .known),
                    Look(copied: 2, verdict: .new(count: 2)), Look(isSame: true, copied: 2, verdict: .known),
                ]
            ),
            (
                "but one of what was there before the last is an event of its own", [],
                [
                    Look(copied: 1, verdict: .new(count: 1)), Look(copied: 2, verdict: .new(count: 2)),
                    Look(isSame: true, copied: 1, verdict: .new(count: 3)),
                    Look(isSame: true, copied: 1, verdict: .known),
                    Look(isSame: true, copied: 2, verdict: .new(count: 4)),
                ]
            ),
        ] as [(String, Set<Int>, [Look])])
    func `a table of what files are`(text: String, known: Set<Int>, looks: [Look]) {
        var names = ReusedNames()
        for (index, look) in looks.enumerated() {
            #expect(decide(&names, look, known: known) == look.verdict, "\(text): \(index)")
        }
    }

    @Test func `names are apart, and so are owners`() {
        var names = ReusedNames()
        for id in ["a@1", "b@1", "a@2"] {
            for owner in [EventOwner([1]), EventOwner([2]), .unknown] {
                let base = JournalRecord.Identity(id: Array(id.utf8), owner: owner)
                let file = ReusedNames.File(base: base, isSame: false, copied: nil)
                #expect(!names.hasTaken(base))
                #expect(names.decide(file) { _ in false } == .new(count: 1))
                #expect(names.hasTaken(base))
            }
        }
    }

    @Test func `what is remembered is bounded, and what is forgotten is told by the journal`() {
        var names = ReusedNames()
        for number in 0..<10_000 {
            let base = JournalRecord.Identity(id: Array("a@\(number)".utf8), owner: .unknown)
            let file = ReusedNames.File(base: base, isSame: false, copied: nil)
            _ = names.decide(file) { _ in false }
        }
        let first = JournalRecord.Identity(id: Array("a@0".utf8), owner: .unknown)
        #expect(!names.hasTaken(first))
        let file = ReusedNames.File(base: first, isSame: false, copied: nil)
        #expect(names.decide(file) { $0 == 1 } == .new(count: 2))
    }
}
