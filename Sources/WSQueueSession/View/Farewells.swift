internal import WSQueueCore
internal import WSQueueWire

/// Connections that have been sent their last bytes, or must first take what they are owed before those: until when they
/// may take it, and what is kept for them.
package struct Farewells {
    /// Why a client was closed, as the log says it.
    package struct Reason {
        /// The number in the close frame.
        package let code: UInt16
        /// What stands behind it.
        package let text: String

        /// Makes a reason.
        package init(code: UInt16, text: String) {
            self.code = code
            self.text = text
        }

        /// The connection just ended (RFC 6455, section 7.1.5).
        package static let none = Reason(code: 1_006, text: "")
        /// It did not take what it was owed.
        package static let slow = Reason(code: CloseCode.slow.rawValue, text: "slow")
    }

    private struct Farewell {
        var reason: Reason?
        /// What is kept for a slow client, as far as it is counted.
        var keptBytes = 0
        /// What was thrown away since our last bytes.
        var discardedBytes = 0
    }

    /// A connection that may take its last bytes until then.
    private struct Deadline {
        let token: UInt64
        let time: Int64
    }

    private var prompt = Fifo<Deadline>()
    private var slow = Fifo<Deadline>()
    private var farewells: [Int: Farewell] = [:]
    private var keptBytes = 0

    /// How long a connection may take for its last bytes and the other end's close, and how long where these wait for
    /// a full socket.
    private static let promptNanoseconds: Int64 = 3_000_000_000
    private static let slowNanoseconds: Int64 = 10_000_000_000
    /// What is still taken from a connection that has had our last bytes: closing a socket that holds unread bytes
    /// would reset it, and the other end might never see the answer.
    private static let discardLimitBytes = 1_048_576
    /// What is kept for slow clients that are being closed, all together.
    private static let keptLimitBytes = 8 * 1_048_576

    /// No one is leaving.
    package init() {}

    /// Names the reason of a client's end.
    package mutating func name(_ slot: Int, _ code: UInt16, _ text: String) {
        farewells[slot, default: Farewell()].reason = Reason(code: code, text: text)
    }

    /// Keeps the rest of what a slow client is in the middle of.
    ///
    /// - Returns: Whether there is room for that.
    package mutating func keep(_ count: Int, _ slot: Int) -> Bool {
        guard keptBytes + count <= Self.keptLimitBytes else { return false }
        keptBytes += count
        farewells[slot, default: Farewell()].keptBytes += count
        return true
    }

    /// Sets a connection's deadline.
    ///
    /// - Parameter isSlow: Whether its last bytes wait for a full socket.
    package mutating func begin(_ token: UInt64, isSlow: Bool, now: Int64) {
        if isSlow {
            slow.append(Deadline(token: token, time: now + Self.slowNanoseconds))
        } else {
            prompt.append(Deadline(token: token, time: now + Self.promptNanoseconds))
        }
    }

    /// Throws away what has arrived after a connection's last bytes.
    ///
    /// - Returns: Whether that is not too much: a program that goes on sending is not read to the end.
    package mutating func discard(_ count: Int, _ slot: Int) -> Bool {
        farewells[slot, default: Farewell()].discardedBytes += count
        return (farewells[slot]?.discardedBytes ?? 0) <= Self.discardLimitBytes
    }

    /// Takes the next connection whose time is over. It may have gone since.
    package mutating func next(now: Int64) -> UInt64? {
        if let first = prompt.first, first.time <= now { return prompt.popFirst()?.token }
        if let first = slow.first, first.time <= now { return slow.popFirst()?.token }
        return nil
    }

    /// A connection has gone.
    ///
    /// - Returns: Why it was closed, if we did it.
    package mutating func take(_ slot: Int) -> Reason? {
        let farewell = farewells.removeValue(forKey: slot)
        keptBytes -= farewell?.keptBytes ?? 0
        return farewell?.reason
    }
}
