internal import WSQueueCore
package import WSQueueWire

/// A token that was good when it came, and what becomes of it. It ends when the time has passed that it had left then,
/// whatever happens to the wall clock: all times here are by the steady clock.
package struct HeldToken: Equatable, Sendable {
    /// The fingerprint of the secret that signed it.
    package let secret: UInt64
    private var end: Int64?
    private var isWarned = false

    /// How long before its token's end a client is told (seconds).
    private static let warningSeconds: Int64 = 60

    /// Takes a token that was accepted.
    ///
    /// - Parameters:
    ///   - retiredAt: When its secret counts no longer (steady Unix seconds), if that is no longer in use.
    ///   - unixSeconds: The wall clock, by which the token says its end.
    ///   - steadySeconds: The same moment by the steady clock.
    package init(_ bearer: TokenVerifier.Result, retiredAt: Int64?, unixSeconds: Int64, steadySeconds: Int64) {
        secret = bearer.secret
        end = bearer.identity.expiresAtSeconds.map { expiry in
            // A client that came with a token that was over by our clock only stays for as long as clocks may differ.
            let left = expiry - unixSeconds
            return steadySeconds + (left > 0 ? left : left + TokenVerifier.leewaySeconds)
        }
        if let retiredAt { retire(at: retiredAt) }
    }

    /// Its secret counts no longer from then on (steady Unix seconds).
    package mutating func retire(at seconds: Int64) { end = min(end ?? .max, seconds) }

    /// When it must be looked at again (steady Unix nanoseconds): shortly before its end, and at its end.
    package var dueTimes: [Int64] {
        guard let end, end < .max / 1_000_000_000 else { return [] }
        return [(end - Self.warningSeconds) * 1_000_000_000, end * 1_000_000_000]
    }

    /// Whether its time is over.
    package func isOver(steadySeconds: Int64) -> Bool { end.map { $0 <= steadySeconds } ?? false }

    /// How many seconds it has left, if they are so few that the client is to be told, and it has not been.
    package func warning(steadySeconds: Int64) -> Int64? {
        guard let end, !isWarned, end - steadySeconds <= Self.warningSeconds else { return nil }
        return max(0, end - steadySeconds)
    }

    /// The client has been told that its time is nearly over.
    package mutating func noteWarning() { isWarned = true }
}
