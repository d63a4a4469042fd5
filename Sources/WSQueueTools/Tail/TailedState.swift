/// What `tail` asks of the state: all of it at the beginning, and again what stood in a gap.
struct TailedState {
    private enum Wish {
        case nothing
        case all
        /// What has the numbers of events that are gone; others up to a number were handed out.
        case lost(ClosedRange<UInt64>, reached: UInt64)
    }

    private let isWanted: Bool
    /// With the connection that is there, or the next one.
    private var wish: Wish
    private var isAmong = false
    /// Whether this connection has asked for it.
    private var isAsked = false

    /// - Parameters:
    ///   - isWanted: Whether it is asked for at all.
    ///   - isFirst: Whether it is asked for at the beginning.
    init(isWanted: Bool, isFirst: Bool = true) {
        self.isWanted = isWanted
        wish = isWanted && isFirst ? .all : .nothing
    }

    /// Whether there is something that has not come yet.
    var isAwaited: Bool { if case .nothing = wish { false } else { true } }

    /// Begins a connection.
    ///
    /// - Returns: Whether it asks for the state.
    mutating func connect() -> Bool {
        isAmong = false
        if case .nothing = wish { isAsked = false } else { isAsked = true }
        return isAsked
    }

    /// The state begins, or has ended: then there is nothing more to ask for.
    mutating func note(isBeginning: Bool) {
        isAmong = isBeginning
        if !isBeginning { wish = .nothing }
    }

    /// Whether an event was handed out before.
    func wasHanded(_ event: TailedEvent) -> Bool {
        guard isAmong, case .lost(let range, let reached) = wish, event.key != nil, let seq = event.seq else {
            return false
        }
        return seq <= max(reached, range.upperBound) && !range.contains(seq)
    }

    /// Something is gone.
    ///
    /// - Parameter reached: Up to which number events have been handed out.
    /// - Returns: Whether the next connection asks for what of it had keys.
    mutating func askAgain(for range: ClosedRange<UInt64>, reached: UInt64) -> Bool {
        guard isWanted, !isAsked else { return false }
        wish = .lost(range, reached: reached)
        return true
    }
}
