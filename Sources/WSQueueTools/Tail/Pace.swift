/// Decides when one that notes how far it has come keeps its connection, and when it makes another.
///
/// A server goes no faster than its clients take what it sends: one that reads only as fast as its command works would slow
/// down all others. So what was missed is read to its end, and the connection closed before any of it is done; what comes
/// meanwhile is in the journal. Once nothing was missed the connection stays, until more has come than is done.
///
/// And a server says where a client stands with each event, and when it has got what it missed. To one that wants few events
/// by their names it says nothing for as long as there are only others: its cursor would stay where it is until the journal
/// no longer has it, and look like a gap at the next start. So it asks now and then.
struct Pace {
    private let isWanted: Bool
    private let isFiltered: Bool
    private var isPulling: Bool
    private var movedAt: Int64 = 0

    private static let idleNanoseconds: Int64 = 600_000_000_000
    private static let slowNanoseconds: Int64 = 50_000_000
    private static let pullNanoseconds: Int64 = 200_000_000

    /// Begins before the first connection.
    init(_ source: TailSource) {
        isWanted = source.onGap != nil
        isFiltered = !source.events.isEmpty
        isPulling = isWanted
    }

    /// Begins a connection.
    ///
    /// - Parameter now: Monotonic nanoseconds.
    mutating func connect(now: Int64) { movedAt = now }

    /// Whether the connection is closed before what was missed is done.
    ///
    /// - Parameter hasEvents: Whether anything was missed.
    mutating func isClosing(hasEvents: Bool) -> Bool {
        isPulling = isPulling && hasEvents
        return isPulling
    }

    /// How long to wait before the next connection, where the last one was closed: so that there are few in a second.
    func rest(after nanoseconds: Int64) -> Int64 { max(0, Self.pullNanoseconds - nanoseconds) }

    /// Whether something took so long that more may have come meanwhile.
    func isSlow(came: Int64, now: Int64) -> Bool { now - came >= Self.slowNanoseconds }

    /// Whether it is time for another connection.
    ///
    /// - Parameters:
    ///   - hasMoved: Whether something has been done.
    ///   - came: When it came, monotonic nanoseconds.
    ///   - now: When it was done.
    ///   - hasMore: Whether more has come meanwhile.
    mutating func isDue(hasMoved: Bool, came: Int64, now: Int64, hasMore: Bool) -> Bool {
        guard isWanted else { return false }
        if hasMoved { movedAt = now }
        if isFiltered, now - movedAt >= Self.idleNanoseconds { return true }
        isPulling = hasMore && isSlow(came: came, now: now)
        return isPulling
    }
}
