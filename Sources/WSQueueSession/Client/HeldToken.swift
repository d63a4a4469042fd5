internal import WSQueueCore
package import WSQueueWire

/// A token that was good when it came, and what becomes of it.
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
    ///   - retiredAt: When its secret counts no longer (Unix seconds), if that is no longer in use.
    package init(_ bearer: TokenVerifier.Result, retiredAt: Int64?, unixSeconds: Int64) {
        secret = bearer.secret
        // A client that came with a token that was over by our clock only stays for as long as clocks may differ.
        end = bearer.identity.expiresAtSeconds.map { $0 > unixSeconds ? $0 : $0 + TokenVerifier.leewaySeconds }
        if let retiredAt { retire(at: retiredAt) }
    }

    /// Its secret counts no longer from then on (Unix seconds).
    package mutating func retire(at seconds: Int64) { end = min(end ?? .max, seconds) }

    /// When it must be looked at again (Unix nanoseconds): shortly before its end, and at its end.
    package var dueTimes: [Int64] {
        guard let end, end < .max / 1_000_000_000 else { return [] }
        return [(end - Self.warningSeconds) * 1_000_000_000, end * 1_000_000_000]
    }

    /// Whether its time is over.
    package func isOver(unixSeconds: Int64) -> Bool { end.map { $0 <= unixSeconds } ?? false }

    /// When it ends (Unix seconds), if that is so near that the client is to be told, and it has not been.
    package func warning(unixSeconds: Int64) -> Int64? {
        guard let end, !isWarned, end - unixSeconds <= Self.warningSeconds else { return nil }
        return end
    }

    /// The client has been told that its time is nearly over.
    package mutating func noteWarning() { isWarned = true }
}
