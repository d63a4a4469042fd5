internal import WSQueueBroker
package import WSQueueCore
package import WSQueueWire

/// What is to be done for a client, in this order.
package enum SessionAction: Equatable {
    /// Send it a JSON text, in the frames of its connection.
    case send([UInt8])
    /// Tell a reader of a stream where it stands.
    case position(String)
    /// Send a reader of a document a piece of it.
    case piece([UInt8])
    /// Have others find it by its connection id.
    case name
    /// It only looks on: the queue's files wait for others where they wait for clients.
    case watch
    /// It is this user's from now on; `nil` is no user's.
    case identify(Identity?)
    /// It listens to this from now on.
    case subscribe(ChannelPattern)
    /// It listens to this channel or pattern no longer.
    case unsubscribe(String)
    /// It sees events in another way from now on.
    case view(EventView)
    /// Look at its requests for the past: there is one more.
    case replay
    /// Ask the application. If that cannot be, tell ``ClientSession/couldNotAsk(_:_:)``.
    case ask(AuthorizeRequest)
    /// Check a token, and tell ``ClientSession/authenticate(as:retiredAt:_:channels:_:)``.
    case verify(String)
    /// It is there in a channel, as this user.
    case enter(String, Identity)
    /// It is there no longer.
    case leave(String, Label)
    /// A user says how he is.
    case state(channel: String, Label, status: PresenceStatus?, activity: [UInt8]?)
    /// Tell it who is in a channel, from the one with this number on.
    case members(of: String, after: UInt64)
    /// Hand a JSON text to those who listen to a channel, or to these connections among them, and tell the client how
    /// many there were.
    case pass(channel: String, recipients: [Int64]?, text: [UInt8])
    /// Publish a message as this user's event, and tell the client.
    case keep([UInt8], channel: String, by: Label)
    /// Come back at this moment (steady Unix nanoseconds): something may be due about its token.
    case wake(at: Int64)
    /// Count something, or write it to the log.
    case note(SessionNote)
    /// Close it; nothing may follow.
    case close(CloseCode, reason: String)
}

/// What happened in a conversation, for the operator.
package enum SessionNote: Equatable {
    /// A message was one too many.
    case limited
    /// The client went on all the same.
    case flooded
    /// A subscription was one too many.
    case tooManyChannels
    /// A token named the user that the client is from now on.
    case became(String)
    /// A token was refused.
    case refused(TokenError)
}

/// How a client is spoken with.
package enum ClientDialect: Sendable {
    /// `wsqueue.v1`.
    case named
    /// A WebSocket that has named no protocol; one that speaks all the same is an older chat page.
    case plain
    /// Server-Sent Events: it says nothing.
    case stream
    /// The state at one moment, as the body of an answer.
    case document

    /// Its name in the log and on the status page.
    package var name: String {
        switch self {
        case .named: Handshake.subprotocol
        case .plain: "plain"
        case .stream: "sse"
        case .document: "state"
        }
    }
}

/// Why a client that has done nothing wrong is sent away.
enum SessionEnd {
    case tokenExpired, disconnected

    var error: ClientError {
        switch self {
        case .tokenExpired: ClientError("Token expired. Connect with a new one.", code: "token_expired")
        case .disconnected: ClientError("Disconnected by the application", code: "disconnected")
        }
    }

    var close: SessionAction {
        switch self {
        case .tokenExpired: .close(.tokenExpired, reason: "token expired")
        case .disconnected: .close(.disconnected, reason: "disconnected by the application")
        }
    }
}

extension [SessionAction] {
    /// Sends a client away.
    ///
    /// - Parameter isTold: Whether it understands messages of the server's.
    static func ending(_ end: SessionEnd, isTold: Bool) -> [SessionAction] {
        (isTold ? [.send(ServerMessage.error(end.error))] : []) + [end.close]
    }

    /// Without what follows a close: after the close frame nothing more is sent.
    var endingWithClose: [SessionAction] {
        let end = firstIndex { if case .close = $0 { true } else { false } }
        return end.map { Array(self[...$0]) } ?? self
    }
}

extension StreamForm {
    /// How its reader is spoken with.
    package var dialect: ClientDialect { isDocument ? .document : .stream }
}

extension Welcome {
    /// How the conversation ends with a client that may not be at its path; nothing where it may.
    var farewell: [SessionAction] {
        guard let advice = verdict.connectAdvice else { return [] }
        let error = ClientError(advice, code: "forbidden")
        return [.send(ServerMessage.error(error)), .close(.connectionRefused, reason: advice)]
    }
}

extension Replay {
    /// What a client is told at the end: that it has everything, or what it has not.
    func outcome(for dialect: ClientDialect, epoch: String, seq: UInt64) -> [SessionAction] {
        if dialect == .document, let cut = stateCut, let cursor = Cursor(epoch: epoch, seq: cut) {
            return [.piece(StateDocument.position(cursor.text, isComplete: isStateComplete ?? true))]
        }
        guard let cursor = Cursor(epoch: epoch, seq: seq) else { return [] }
        var actions: [SessionAction] = []
        if let isStateComplete {
            // Its cursor is behind a gap that is told next: who is cut off between the two has to know from this.
            let isWhole = isStateComplete && (request.since != nil || gap == nil)
            let text = ServerMessage.stateEnds(
                cursor, channel: request.channel, keys: stateProgress?.keys ?? 0, isComplete: isWhole)
            actions.append(.send(text))
        }
        if let gap {
            actions.append(.send(ServerMessage.resumed(cursor, gap: gap)))
        } else if isHealed {
            actions.append(.send(ServerMessage.healed(cursor)))
        } else if request.since == nil {
            // It has asked for the state alone.
        } else if request.channel == nil, dialect != .stream {
            actions.append(.send(ServerMessage.resumed(cursor)))
        }
        if dialect == .stream { actions.append(.position(cursor.text)) }
        return actions
    }
}
