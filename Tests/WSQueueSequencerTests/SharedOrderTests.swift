import Testing
import WSQueueLog
import WSQueueSequencer
import WSQueueWire

struct SharedOrderTests {
    private func place(
        epoch: String = "e", first: UInt64, last: UInt64, probe: UInt64? = nil
    ) -> StreamPlace {
        StreamPlace(attempt: 3, epoch: epoch, first: first, last: last, probe: probe.map(entry))
    }

    private func entry(_ seq: UInt64) -> StreamEntry {
        let fields: [RESPValue] = [.text(Array("e".utf8)), .text(Array(#"{"event":"n"}"#.utf8))]
        guard let entry = StreamEntry(.list([.text(Array("0-\(seq)".utf8)), .list(fields)])) else {
            preconditionFailure("an entry is read")
        }
        return entry
    }

    private func sequencer(after seq: UInt64 = 10) -> Sequencer {
        Sequencer(
            epoch: "e", after: seq,
            sharing: SharedOrder(stream: "s", state: "{s}:state", limits: KeptLimits(), aheadEvents: 2))
    }

    /// Where to read on, by where the stream stands and what the server knows.
    @Test func `a stream is followed, begun anew or renamed by where it stands`() {
        let cases: [(StreamPlace, Bool?, SharedOrder.Resolution)] = [
            // It goes on where the server is, or further.
            (place(first: 1, last: 10), nil, .follow),
            (place(first: 1, last: 30, probe: 10), true, .follow),
            (place(first: 11, last: 30), nil, .follow),
            // What the server has is no longer there to be compared.
            (place(first: 1, last: 30, probe: 10), nil, .follow),
            (place(first: 1, last: 30, probe: 9), false, .follow),
            // Entries that the server has not read are gone.
            (place(first: 12, last: 30), nil, .restart(epoch: "e", after: 11)),
            // It has lost what it had, or has others under their numbers.
            (place(first: 1, last: 9), nil, .renew),
            (place(first: 1, last: 10, probe: 10), false, .renew),
            // Another numbering, whatever its numbers.
            (place(epoch: "f", first: 1, last: 3), nil, .restart(epoch: "f", after: 0)),
            (place(epoch: "f", first: 5, last: 30, probe: 10), false, .restart(epoch: "f", after: 4)),
        ]
        for (place, isProbeKnown, resolution) in cases {
            #expect(sequencer().resolve(place, isProbeKnown: isProbeKnown) == resolution, "\(place)")
        }
    }

    @Test func `following asks for what comes next, and clients wait until it is here`() {
        let sequencer = sequencer()
        sequencer.follow(place(first: 1, last: 12))
        guard case .follow(let seq, let attempt)? = sequencer.takeOrders().first else {
            Issue.record("nothing is asked for")
            return
        }
        #expect(seq == 10 && attempt == 3)
        #expect(sequencer.isCatchingUp)
        #expect(!sequencer.finishCatchingUp())
        var later = sequencer
        for seq in UInt64(11)...12 { _ = later.decide(.init(isKnown: false), at: seq, unix: 0) }
        #expect(later.finishCatchingUp())
        #expect(!later.isCatchingUp)
        // Said once.
        #expect(!later.finishCatchingUp())
    }

    @Test func `a restart has clients wait, for the furthest number`() {
        let sequencer = sequencer()
        sequencer.catchUp(atLeast: 10)
        sequencer.catchUp(atLeast: 9)
        #expect(sequencer.finishCatchingUp())
        sequencer.catchUp(atLeast: 10)
        sequencer.catchUp(atLeast: 99)
        #expect(!sequencer.finishCatchingUp())
    }

    @Test func `a numbering is renamed from what it was`() {
        let sequencer = sequencer()
        sequencer.renew(place(first: 1, last: 2), to: "g", StateCorrections(isPast: true))
        guard case .renew(let from, let to, let attempt, _)? = sequencer.takeOrders().first else {
            Issue.record("nothing is asked for")
            return
        }
        #expect([from, to] == ["e", "g"] && attempt == 3)
        #expect(sequencer.takeOrders().isEmpty)
    }

    @Test func `nothing is submitted before it is known what was, or far ahead of what was read`() {
        let sequencer = sequencer(after: 10)
        #expect(!sequencer.placesQueue)
        #expect(!sequencer.maySubmit)
        #expect(!sequencer.hear(.fenced(sent: nil)))
        #expect(!sequencer.maySubmit)
        sequencer.follow(place(first: 1, last: 10))
        #expect(sequencer.finishCatchingUp())
        #expect(sequencer.maySubmit)
        // Two events are as far ahead as it may be.
        _ = sequencer.hear(.written(number: 1, seq: 11))
        #expect(sequencer.maySubmit)
        _ = sequencer.hear(.written(number: 2, seq: 12))
        #expect(!sequencer.maySubmit)
        // An older answer takes nothing back.
        _ = sequencer.hear(.written(number: 3, seq: 0))
        #expect(!sequencer.maySubmit)
        #expect(sequencer.released(synced: 0) == 3)
    }

    @Test func `nothing is submitted before what is in the stream is read, once`() {
        // A killed process may have put files there that its last note does not name: they are known when they are read.
        var sequencer = sequencer(after: 10)
        sequencer.follow(place(first: 1, last: 11))
        #expect(!sequencer.hear(.fenced(sent: nil)))
        #expect(!sequencer.finishCatchingUp())
        #expect(!sequencer.maySubmit)
        _ = sequencer.decide(.init(isKnown: false), at: 11, unix: 0)
        #expect(sequencer.finishCatchingUp())
        #expect(sequencer.maySubmit)
        // Of files of its own it knows which are in the stream.
        sequencer.follow(place(first: 1, last: 12))
        #expect(sequencer.isCatchingUp)
        #expect(sequencer.maySubmit)
    }

    @Test func `entries are used one by one, and later where they cannot be now`() {
        let sequencer = sequencer()
        _ = sequencer.hear(.entries([entry(11), entry(12)]))
        _ = sequencer.hear(.attached(place(first: 1, last: 12)))
        #expect(sequencer.hasArrivals && sequencer.hasWork)
        sequencer.retryArrival(at: 100)
        #expect(!sequencer.hasWork)
        #expect(sequencer.nextArrival(now: 99).map { _ in true } == nil)
        var used: [UInt64] = []
        while case .entry(let entry)? = sequencer.nextArrival(now: 100) {
            used.append(entry.seq)
            sequencer.finishArrival()
        }
        #expect(used == [11, 12])
        guard case .place? = sequencer.nextArrival(now: 100) else {
            Issue.record("the place comes after what came before it")
            return
        }
        sequencer.stop()
        #expect(sequencer.nextArrival(now: 100).map { _ in true } == nil)
        #expect(!sequencer.hasWork)
    }

    @Test func `what is beside the stream is asked for once, waited for, and not kept for another time`() {
        let sequencer = sequencer()
        let past = StreamPast(epoch: "e", last: 12)
        // Not asked for: it would be too old when it is needed.
        _ = sequencer.hear(.past(past))
        _ = sequencer.hear(.attached(place(first: 12, last: 12)))
        #expect(sequencer.hasWork)
        #expect(sequencer.knownPast() == nil)
        #expect(sequencer.takeOrders() == [.readPast(after: nil)])
        #expect(sequencer.knownPast() == nil)
        #expect(sequencer.takeOrders().isEmpty)
        #expect(!sequencer.hasWork && sequencer.nextArrival(now: 0).map { _ in true } == nil)
        _ = sequencer.hear(.past(past))
        #expect(sequencer.hasWork && sequencer.knownPast() == past)
        for news in [StreamNews.down, .attached(place(first: 1, last: 2))] {
            _ = sequencer.hear(news)
            #expect(sequencer.knownPast() == nil)
            #expect(sequencer.takeOrders() == [.readPast(after: nil)])
            _ = sequencer.hear(.past(past))
        }
        var begun = sequencer
        begun.restart(epoch: "e", after: 11)
        #expect(begun.knownPast() == nil)
    }

    @Test func `what was known before is put back once, and then it is looked again`() {
        let sequencer = sequencer()
        _ = sequencer.hear(.attached(place(first: 1, last: 2)))
        let corrections = StateCorrections(isPast: true)
        #expect(sequencer.putBack { corrections })
        #expect(sequencer.takeOrders() == [.readPast(after: corrections)])
        #expect(sequencer.knownPast() == nil)
        _ = sequencer.hear(.past(StreamPast(epoch: "e", last: 2)))
        #expect(!sequencer.putBack { corrections })
        _ = sequencer.hear(.attached(place(first: 1, last: 2)))
        #expect(sequencer.putBack { corrections })
    }

    @Test func `a server that has written far goes on where the numbers have begun anew`() {
        var sequencer = sequencer()
        _ = sequencer.hear(.fenced(sent: nil))
        sequencer.follow(place(first: 1, last: 10))
        #expect(sequencer.finishCatchingUp())
        _ = sequencer.hear(.written(number: 1, seq: 1_000_000))
        #expect(!sequencer.maySubmit, "it is further than what it has read")
        sequencer.restart(epoch: "f", after: 0)
        sequencer.follow(place(first: 1, last: 0))
        #expect(sequencer.finishCatchingUp())
        #expect(sequencer.maySubmit)
    }

    @Test func `a stream without what it was known to have has lost it, though nothing of that has been read`() {
        let sequencer = sequencer()
        func place(_ last: UInt64, known: UInt64) -> StreamPlace {
            StreamPlace(attempt: 1, epoch: "e", first: 1, last: last, probe: nil, known: known)
        }
        #expect(sequencer.resolve(place(12, known: 12), isProbeKnown: nil) == .follow)
        #expect(sequencer.resolve(place(12, known: 13), isProbeKnown: nil) == .renew)
    }

    @Test func `clients wait until the state is that of its number`() {
        var sequencer = sequencer()
        _ = sequencer.knownPast()
        _ = sequencer.hear(.past(StreamPast(epoch: "e", last: 14)))
        sequencer.restart(epoch: "e", after: 11)
        sequencer.follow(place(first: 12, last: 12))
        _ = sequencer.decide(.init(isKnown: false), at: 12, unix: 0)
        #expect(!sequencer.finishCatchingUp())
        for seq in UInt64(13)...14 { _ = sequencer.decide(.init(isKnown: false), at: seq, unix: 0) }
        #expect(sequencer.finishCatchingUp())
    }

    @Test func `the stream lets go of what the history has let go of, once`() {
        var sequencer = sequencer()
        #expect(!sequencer.wantsTrim(upTo: 5), "it has not caught up")
        sequencer.follow(place(first: 1, last: 10))
        #expect(sequencer.finishCatchingUp())
        #expect(sequencer.wantsTrim(upTo: 5))
        sequencer.trim(upTo: 5, marks: [1])
        sequencer.trim(upTo: 6, marks: [2])
        sequencer.letGo()
        #expect(!sequencer.takeOrders().contains { if case .trim = $0 { true } else { false } })
        // The newest entries stay, whatever the history holds.
        _ = sequencer.decide(.init(isKnown: false), at: 10_005, unix: 0)
        sequencer.letGo()
        #expect(sequencer.takeOrders().last == .trim(StreamTrim(epoch: "e", end: 5, marks: [1])))
        _ = sequencer.decide(.init(isKnown: false), at: 10_006, unix: 0)
        sequencer.letGo()
        #expect(sequencer.takeOrders().last == .trim(StreamTrim(epoch: "e", end: 6, marks: [2])))
        #expect(!sequencer.wantsTrim(upTo: 6) && sequencer.wantsTrim(upTo: 7))
        sequencer.restart(epoch: "f", after: 9)
        #expect(!sequencer.wantsTrim(upTo: 9))
    }

    @Test func `only the end of a connection is told`() {
        let sequencer = sequencer()
        #expect(sequencer.hear(.down))
        #expect(!sequencer.hear(.entries([])))
    }
}
