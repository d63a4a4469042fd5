package import WSQueueNet

/// What a person at the terminal is told of a server beside its log.
package enum ServerNews: Equatable, Sendable {
    /// Clients can connect, at these addresses.
    case ready([Address])
    /// Of many files that had waited for the server so many events are sent, and so many files wait still.
    case backlog(sent: UInt64, waiting: Int)
    /// All of them are sent, after so many seconds.
    case backlogDone(sent: UInt64, seconds: Int64)
}

/// How far a server is with the files that had waited for it: said once a second, of a backlog that takes longer than one.
struct BacklogProgress {
    private var begun: (at: Int64, seq: UInt64)?
    private var lastSeq: UInt64 = 0
    private var nextAt: Int64 = 0

    /// Whether there is something to look at.
    var isUnderWay: Bool { begun != nil }

    /// Fewer are sent before anybody wonders.
    static let leastFiles = 5_000
    private static let pauseNanoseconds: Int64 = 1_000_000_000

    /// Begins with what waits at the start.
    mutating func begin(waiting: Int, seq: UInt64, now: Int64) {
        guard waiting >= Self.leastFiles else { return }
        begun = (now, seq)
        lastSeq = seq
        nextAt = now + Self.pauseNanoseconds
    }

    /// Looks how far it is.
    ///
    /// - Parameter waiting: How many files are known to wait: of a larger backlog a part, after which the directory is
    ///   listed again.
    /// - Parameter isThrough: Whether the directory has no others.
    /// - Returns: What is to be said; nothing while nothing is sent, because no client is there for it.
    mutating func look(waiting: Int, isThrough: Bool, seq: UInt64, now: Int64) -> ServerNews? {
        guard let begun, isThrough || now >= nextAt && waiting > 0 else { return nil }
        nextAt = now + Self.pauseNanoseconds
        if isThrough {
            self.begun = nil
            guard now - begun.at >= Self.pauseNanoseconds else { return nil }
            return .backlogDone(sent: seq - begun.seq, seconds: (now - begun.at) / 1_000_000_000)
        }
        guard seq != lastSeq else { return nil }
        lastSeq = seq
        return .backlog(sent: seq - begun.seq, waiting: waiting)
    }
}
