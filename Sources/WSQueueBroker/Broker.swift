package import WSQueueCore

/// Decides what becomes of an event: its place in the order, and whom it is for. It knows no file, socket or clock.
package struct Broker {
    /// Where an event wants to go, as its file says.
    package struct Addressing: Equatable {
        package var channels: [String]
        /// Users; `nil` is everyone, and an empty list nobody.
        package var recipients: [String]?
        package var except: Int64?

        package init(channels: [String] = [], recipients: [String]? = nil, except: Int64? = nil) {
            self.channels = channels
            self.recipients = recipients
            self.except = except
        }
    }

    /// What becomes of an event.
    package enum Decision: Equatable {
        /// It is sent under this order number, one copy for each audience; a client gets the first that is for him.
        case send(seq: UInt64, audiences: [Audience])
        /// Its time is over (`expires_at`).
        case expired
    }

    /// The order number of the last event that was sent; 0 at the beginning of a numbering.
    package private(set) var seq: UInt64

    /// Continues the order after `seq`.
    package init(seq: UInt64) { self.seq = seq }

    /// Gives an event its place.
    ///
    /// - Parameters:
    ///   - addressing: Whom its file names.
    ///   - expiresAtSeconds: The moment (Unix seconds) past which it must not be sent, if any.
    ///   - nowSeconds: The present moment in the same measure.
    ///   - place: The number that it has already, where several servers share one order; else it gets the next.
    package mutating func publish(
        _ addressing: Addressing, expiresAtSeconds: Double?, nowSeconds: Double, place: UInt64? = nil
    ) -> Decision {
        if let place { seq = place }
        if let expiresAtSeconds, nowSeconds > expiresAtSeconds { return .expired }
        if place == nil { seq += 1 }
        return .send(seq: seq, audiences: Self.audiences(of: addressing))
    }

    /// Goes on behind another number: what has it, or lay before it, is not sent.
    package mutating func skip(to seq: UInt64) { self.seq = seq }

    private static let everyone = [Audience.everyone]

    /// Whom an event is for: one copy for each; a client gets the first that is for him.
    package static func audiences(of addressing: Addressing) -> [Audience] {
        let except = addressing.except
        guard let users = addressing.recipients else {
            if !addressing.channels.isEmpty { return addressing.channels.map { .channel($0, except: except) } }
            guard let except else { return everyone }
            return [.everyoneExcept(except)]
        }
        if addressing.channels.isEmpty { return [.users(users, channel: nil, except: except)] }
        return addressing.channels.map { .users(users, channel: $0, except: except) }
    }
}
