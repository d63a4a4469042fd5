internal import WSQueueOperation
internal import WSQueueSequencer
internal import WSQueueSystem

/// What the shared stream brings, in its order: where it is read on, and when the history begins anew because what comes
/// next does not follow what is here.
struct StreamIntake {
    /// What has come.
    enum Step {
        /// An entry whose turn it is.
        case entry(StreamEntry)
        /// Something else that has been used.
        case used
        /// Nothing that can be used now.
        case nothing
    }

    private enum Restart {
        case done
        /// It has to wait for something.
        case later
        /// The stream has another numbering by now; it is looked at anew.
        case outdated
    }

    private let stream: StreamPort
    private let state: SharedState

    private static let retryNanoseconds: Int64 = 100_000_000

    init(_ stream: StreamPort, _ state: SharedState) {
        self.stream = stream
        self.state = state
    }

    /// Takes what has come next.
    mutating func next(
        _ sequencer: inout Sequencer, _ recorder: inout Recorder, _ keeper: inout Keeper, _ readers: Readers,
        now: Int64, unix: Int64
    ) -> Step {
        switch sequencer.nextArrival(now: now) {
        case .entry(let entry):
            // Entries before it were trimmed before they could be read.
            if entry.seq > sequencer.seq + 1 {
                let place = (epoch: sequencer.epoch, seq: entry.seq - 1)
                switch restart(at: place, &sequencer, &recorder, &keeper, readers, now: now, unix: unix) {
                case .done: break
                case .later: return .nothing
                case .outdated:
                    sequencer.finishArrival()
                    stream.noteUsed(entry.byteCount)
                    return .used
                }
            }
            sequencer.finishArrival()
            return .entry(entry)
        case .place(let place):
            guard resolve(place, &sequencer, &recorder, &keeper, readers, now: now, unix: unix) else { return .nothing }
            sequencer.finishArrival()
        case .end: sequencer.finishEnd()
        case nil: return .nothing
        }
        return .used
    }

    /// Decides where to read on in the stream that was found.
    ///
    /// - Returns: Whether that could be decided now.
    private func resolve(
        _ place: StreamPlace, _ sequencer: inout Sequencer, _ recorder: inout Recorder, _ keeper: inout Keeper,
        _ readers: Readers, now: Int64, unix: Int64
    ) -> Bool {
        keeper.keep(&recorder, finished: .max, now: now, unix: unix)
        switch sequencer.resolve(place, isProbeKnown: place.probe.flatMap { recorder.isRecorded($0) }) {
        case .renew:
            guard let past = sequencer.knownPast() else { return false }
            guard past.epoch == sequencer.epoch else { return true }
            stream.reportLoss(epoch: sequencer.epoch, seq: sequencer.seq, last: place.last)
            let corrections = recorder.corrections(of: past, place)
            sequencer.renew(place, to: RandomText.make(count: 8), corrections)
            return true
        case .restart(let epoch, let seq):
            let place = (epoch: epoch, seq: seq)
            switch restart(at: place, &sequencer, &recorder, &keeper, readers, now: now, unix: unix) {
            case .done: break
            case .later: return false
            case .outdated: return true
            }
        case .follow: break
        }
        sequencer.follow(place)
        return true
    }

    /// Begins the history anew; clients that were here come back and are told.
    private func restart(
        at place: (epoch: String, seq: UInt64), _ sequencer: inout Sequencer, _ recorder: inout Recorder,
        _ keeper: inout Keeper, _ readers: Readers, now: Int64, unix: Int64
    ) -> Restart {
        guard let past = sequencer.knownPast() else { return .later }
        guard past.epoch == place.epoch else { return .outdated }
        // A numbering that was begun by a server which knew of no other.
        if !past.isSettled, place.epoch != sequencer.epoch, recorder.hasState,
            sequencer.putBack({ recorder.corrections(of: past, nil) })
        {
            return .later
        }
        keeper.keep(&recorder, finished: .max, now: now, unix: unix)
        do throws(SystemCallError) {
            try recorder.restart(epoch: place.epoch, after: place.seq, unix: unix, past, state)
        } catch {
            stream.reportRestartFault(error)
            sequencer.retryArrival(at: now + Self.retryNanoseconds)
            return .later
        }
        stream.reportRestart(epoch: place.epoch, after: place.seq)
        // Those who come back are let in when everything is here again, and the state is that of its number.
        _ = stream.closeGate()
        sequencer.catchUp(atLeast: past.last)
        sequencer.restart(epoch: place.epoch, after: place.seq)
        recorder.publish(oldestNeeded: readers.passed)
        readers.wake()
        // After the number, so that a loop that reads this finds it.
        readers.tellRenumbering(epoch: place.epoch)
        keeper.request(&recorder)
        return .done
    }
}
