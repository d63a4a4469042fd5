/// What one byte tells of how long a client has said nothing, in turns: its slot has several of them between two pings
/// (``PingSchedule``).
package struct LifeSigns: Sendable {
    private var bits: UInt8 = 0

    /// A client that has just come.
    package init() {}

    /// How many turns it has had since it was heard or pinged.
    private var quietTurns: UInt8 {
        get { bits & 7 }
        set { bits = bits & ~7 | min(newValue, 7) }
    }

    /// 0 where no ping waits for its answer, else one more than the turns since that was sent.
    private var pingTurns: UInt8 {
        get { bits >> 3 & 7 }
        set { bits = bits & ~(7 << 3) | min(newValue, 7) << 3 }
    }

    /// Whether it is known to take the protocol's ping and nothing beside it.
    package var takesBarePings: Bool {
        get { bits & 1 << 6 != 0 }
        set { bits = newValue ? bits | 1 << 6 : bits & ~(1 << 6) }
    }

    /// Whether it has a place of its own among those that came with it.
    private var isPlaced: Bool {
        get { bits & 1 << 7 != 0 }
        set { bits = newValue ? bits | 1 << 7 : bits & ~(1 << 7) }
    }

    /// Whether a ping has not been answered yet.
    package var awaitsPong: Bool { pingTurns > 0 }

    /// Something has come that is an answer, or is answered: bytes have gone both ways.
    package mutating func noteLife() {
        isPlaced = true
        quietTurns = 0
        pingTurns = 0
    }

    /// A ping has been sent.
    package mutating func notePing() {
        quietTurns = 0
        pingTurns = 1
    }

    /// Something has been sent to one that never answers.
    package mutating func noteSent() { quietTurns = 0 }

    /// At first it is as if some turns had passed already.
    mutating func place(after turns: UInt8) {
        guard !isPlaced else { return }
        isPlaced = true
        quietTurns = turns
    }

    /// It has a turn.
    ///
    /// - Returns: Whether it has said nothing for so many turns, and no ping waits for its answer.
    mutating func takeTurn(pingAfter turns: UInt8) -> Bool {
        quietTurns += 1
        if awaitsPong { pingTurns += 1 }
        return quietTurns >= turns && !awaitsPong
    }

    /// Whether its ping was sent so many turns ago, or more.
    func waits(turns: UInt8) -> Bool { pingTurns > turns }
}
