/// One fact of a test run: what a publisher did, what became of a server or of the machine, what a client heard.
///
/// A history is a text of such facts, one a line, its words separated by one space. Entries of one client stand in the
/// order in which they happened; what else crosses processes (who published what) may stand anywhere before the end.
///
///     publish 3 17 invoked 8f3a01c2 c3     publisher 3 begins its event 17: hash of the payload's bytes, channel or -
///     publish 3 17 ok kill                 the call returned: the event survives a kill (kill) or a power cut (power)
///     publish 3 17 failed                  the call said that the event is not in the queue
///     publish 3 17 unknown                 the publisher was killed, or cannot know
///     server 0 start                       server 0 starts; likewise stop (ended in order) and kill
///     power cut                            the machine went down: what was not durable may be gone
///     disk error                           a sync of the server failed: what it may have lost may be told as a gap
///     redis loss                           Redis has lost something, perhaps no event: numbers may begin anew
///     lost 3 17                            Redis had the event and has it no more: no server needs to have it
///     client a listens c1,c3               the channels of client a beside what has none, or -
///     client a connects k3f9:120           with a cursor, or - without one
///     client a welcome k3f9:125            it is let in, with the server's cursor
///     client a event 126 3 17 8f3a01c2 3-17   seq, publisher, number, hash of the payload's bytes, id
///     client a resumed k3f9:125 complete   nothing it should have is gone
///     client a resumed k3f9:125 gap k3f9:90   something is, up to there; what is behind has come
///     client a told 3 17                   a gap has told it that this event is gone: Redis had it when the numbers began anew
///     client a closed
///     left 1795284000-12-1.json            a file that is still in a queue at the end
package enum HistoryEntry: Equatable {
    case publish(EventNumber, Publication)
    case server(String, ServerChange)
    case powerCut
    case diskError
    case redisLoss
    case lost(EventNumber)
    case client(String, ClientFact)
    case left(file: String)

    /// How a publication goes.
    package enum Publication: Equatable {
        case invoked(hash: UInt64, channel: String?)
        case ok(Survival)
        case failed
        case unknown
    }

    /// What a published event survives.
    package enum Survival: String {
        case kill
        case power
    }

    /// What becomes of a server.
    package enum ServerChange: String {
        case start
        case stop
        case kill
    }

    /// What a client does and hears.
    package enum ClientFact: Equatable {
        case listens(channels: [String])
        case connects(HistoryCursor?)
        case welcome(HistoryCursor)
        case event(seq: UInt64, EventNumber, hash: UInt64, id: String)
        /// The cursor that holds from here on, and up to where events are missing.
        case resumed(HistoryCursor, gap: HistoryCursor?)
        /// What a gap tells besides what is lost.
        case told(EventNumber)
        case closed
    }
}

/// Which event: the publisher, and the number that it counts.
package struct EventNumber: Hashable, CustomStringConvertible {
    package let publisher: Int
    package let number: Int

    package init(publisher: Int, number: Int) {
        self.publisher = publisher
        self.number = number
    }

    package var description: String { "\(publisher)/\(number)" }
}

/// A place in a numbering: `<epoch>:<seq>`.
package struct HistoryCursor: Equatable, CustomStringConvertible {
    package let epoch: String
    package let seq: UInt64

    /// Reads `<epoch>:<seq>`; `nil` when it is none.
    package init?(_ text: some Collection<Character>) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty, let seq = UInt64(String(parts[1])) else { return nil }
        epoch = String(parts[0])
        self.seq = seq
    }

    package var description: String { "\(epoch):\(seq)" }
}
