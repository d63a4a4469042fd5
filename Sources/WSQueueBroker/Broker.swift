package import WSQueueCore

/// Whom an event is for. It knows no file, socket or clock.
package enum Broker {
    /// Where an event wants to go, as its file says.
    package struct Addressing: Equatable {
        package var channels: [String]
        /// Users; `nil` is everyone, and an empty list no one.
        package var recipients: [String]?
        package var except: Exceptions

        package init(channels: [String] = [], recipients: [String]? = nil, except: Exceptions = Exceptions()) {
            self.channels = channels
            self.recipients = recipients
            self.except = except
        }
    }

    private static let everyone = [Audience.everyone]

    /// Whom an event is for: one copy for each; a client gets the first that is for him.
    package static func audiences(of addressing: Addressing) -> [Audience] {
        let except = addressing.except
        guard let users = addressing.recipients else {
            if !addressing.channels.isEmpty { return addressing.channels.map { .channel($0, except: except) } }
            guard !except.isEmpty else { return everyone }
            return [.everyoneExcept(except)]
        }
        if addressing.channels.isEmpty { return [.users(users, channel: nil, except: except)] }
        return addressing.channels.map { .users(users, channel: $0, except: except) }
    }
}
