internal import WSQueueCore
package import WSQueueSpool

/// Why a file of a queue has not been sent.
package enum WaitReason: Equatable, Sendable {
    /// It is held back until somebody releases it.
    case held
    /// It is not to be sent before a moment, Unix nanoseconds.
    case due(Int64)
    /// Its event has been sent, as the journal knows: the file goes, and nothing is sent again.
    case duplicate(seq: UInt64)
    /// It is too late to send it since a moment, Unix nanoseconds: the file goes, and nothing is sent.
    case expired(Int64)
    /// It cannot be read as an event, why: the server waits as long as somebody may still be writing it, and then sets it
    /// aside.
    case unfinished(String)
    /// No server holds the queue.
    case noServer
    /// Whether a server holds the queue cannot be told.
    case unknownServer
    /// The server waits until a client is there (`--hold-without-clients`).
    case noClients
    /// So many files come before it.
    case order(Int)
    /// Nothing that is known keeps it: it is next.
    case next
}

/// What is known of a file that waits.
package struct WaitFacts: Sendable {
    package var state = SpoolItem.State.waiting
    /// When it was queued or is due, Unix nanoseconds.
    package var nanoseconds: Int64 = 0
    package var unix: Int64 = 0
    /// The number under which the journal knows the same event.
    package var knownSeq: UInt64?
    package var expiresAtMicroseconds: Int64?
    /// Why it is no event.
    package var fault: String?
    package var presence = ServerPresence.held
    /// Whether the server is told to wait for clients, and how many it has; `nil` where it was not asked.
    package var holdsWithoutClients = false
    package var clients: Int?
    /// How many files come before it; `nil` where this user may not list them.
    package var before: Int?

    /// Of a file that is next.
    package init() {}

    /// What keeps it, what counts first first.
    package var reasons: [WaitReason] {
        switch state {
        case .held: return [.held]
        case .later: return [.due(nanoseconds)] + absence
        case .failed: return []
        case .waiting: break
        }
        if let knownSeq { return [.duplicate(seq: knownSeq)] + absence }
        if let end = expiresAtMicroseconds, unix / 1_000 > end { return [.expired(end * 1_000)] + absence }
        if let fault { return absence + [.unfinished(fault)] }
        if !absence.isEmpty { return absence }
        if holdsWithoutClients, clients == 0 { return [.noClients] }
        guard let before, before > 0 else { return [.next] }
        return [.order(before)]
    }

    private var absence: [WaitReason] {
        switch presence {
        case .held: []
        case .none: [.noServer]
        case .unknown: [.unknownServer]
        }
    }
}
