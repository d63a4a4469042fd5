package import WSQueueCore

/// What the server says to one client of its own accord or as an answer: JSON texts, members in a fixed order.
package enum ServerMessage {
    /// Greets a client that speaks.
    ///
    /// - Parameters:
    ///   - heartbeatSeconds: How often the client hears from the server at least.
    ///   - connection: The number by which events may leave this client out.
    ///   - isAuthenticated: Whether its token was good.
    ///   - cursor: Where it stands now.
    package static func welcome(
        heartbeatSeconds: Int, connection: Int64, isAuthenticated: Bool, cursor: Cursor
    ) -> [UInt8] {
        JSONObjectOutput("action", "welcome").number("heartbeat_interval", heartbeatSeconds)
            .number("connection_id", connection).truth("authenticated", isAuthenticated)
            .text("cursor", cursor.text).finished()
    }

    /// Answers `subscribe`.
    package static func subscribed(_ channel: String) -> [UInt8] {
        success("subscribe").text("channel", channel).finished()
    }

    /// Answers `subscribe` to several.
    ///
    /// - Parameter refused: What it does not listen to, and the code of the reason.
    package static func subscribed(_ channels: [String], refused: [(channel: String, code: String)]) -> [UInt8] {
        let reasons = refused.reduce(JSONObjectOutput()) { $0.text($1.channel, $1.code) }
        return success("subscribe").raw("channels", list(channels)).raw("refused", reasons.finished()).finished()
    }

    /// Answers `unsubscribe` from several.
    package static func unsubscribed(_ channels: [String]) -> [UInt8] {
        success("unsubscribe").raw("channels", list(channels)).finished()
    }

    /// Answers `unsubscribe`.
    package static func unsubscribed(_ channel: String) -> [UInt8] {
        success("unsubscribe").text("channel", channel).finished()
    }

    /// Answers `authenticate`.
    ///
    /// - Parameter expiresAtSeconds: When the token's time is over, if ever.
    package static func authenticated(user: String, expiresAtSeconds: Int64?) -> [UInt8] {
        let output = success("authenticate").text("user", user)
        return (expiresAtSeconds.map { output.number("expires_at", $0) } ?? output).finished()
    }

    /// Warns a client that its token's time will soon be over.
    ///
    /// - Parameters:
    ///   - expiresAtSeconds: When, Unix seconds.
    ///   - leftSeconds: How long that is from now.
    package static func tokenExpiring(expiresAtSeconds: Int64, leftSeconds: Int64) -> [UInt8] {
        JSONObjectOutput("action", "token_expiring").number("expires_at", expiresAtSeconds)
            .number("expires_in", leftSeconds).finished()
    }

    /// Answers `resume` when everything that was missed has been sent.
    package static func resumed(_ cursor: Cursor) -> [UInt8] {
        JSONObjectOutput("action", "resumed").text("cursor", cursor.text).truth("complete", true).finished()
    }

    /// Answers `resume` when something is lost to the client.
    package static func resumed(_ cursor: Cursor, gap: ResumeGap) -> [UInt8] {
        let lost = JSONObjectOutput("from", gap.from.text).text("to", gap.to.text).text("reason", gap.reason.rawValue)
        return JSONObjectOutput("action", "resumed").text("cursor", cursor.text).truth("complete", false)
            .raw("gap", lost.finished()).finished()
    }

    /// Answers `resume` when what is lost to the client had keys, and the state that it has been sent has made up for it.
    package static func healed(_ cursor: Cursor) -> [UInt8] {
        JSONObjectOutput("action", "resumed").text("cursor", cursor.text).truth("complete", false).truth("healed", true)
            .finished()
    }

    /// Says that the state follows: of one channel, or of all that is listened to.
    package static func stateBegins(channel: String?) -> [UInt8] {
        var text = JSONObjectOutput("action", "state").truth("begin", true)
        if let channel { text = text.text("channel", channel) }
        return text.finished()
    }

    /// Says that the state is whole: what is not named has none.
    ///
    /// - Parameters:
    ///   - keys: How many events it was.
    ///   - isComplete: Whether there was room for all that is state.
    package static func stateEnds(_ cursor: Cursor, channel: String?, keys: Int, isComplete: Bool) -> [UInt8] {
        var text = JSONObjectOutput("action", "state").text("cursor", cursor.text).number("keys", keys)
            .truth("complete", isComplete)
        if let channel { text = text.text("channel", channel) }
        return text.finished()
    }

    /// Answers `message`.
    package static func messageSent(recipients: Int) -> [UInt8] {
        success("message_sent").number("recipients_count", recipients).finished()
    }

    /// Answers `message` where messages are kept.
    ///
    /// - Parameter id: The event's.
    package static func messageSent(id: String) -> [UInt8] {
        success("message_sent").text("id", id).finished()
    }

    /// Passes a client's message on to the subscribers of its channel.
    ///
    /// - Parameters:
    ///   - channel: Where it was sent.
    ///   - sender: The sender's connection.
    ///   - message: JSON, passed on as it was written.
    ///   - unixSeconds: When.
    package static func message(channel: String, sender: Int64, message: [UInt8], unixSeconds: Int64) -> [UInt8] {
        JSONObjectOutput("action", "message").text("channel", channel).number("sender", sender)
            .raw("message", message).number("time", unixSeconds).finished()
    }

    /// Answers `presence` with who is there.
    ///
    /// - Parameters:
    ///   - count: How many there are in all.
    ///   - next: Where the next ones begin, when these are not the last.
    package static func presence(
        channel: String, members: [PresenceMember], count: Int, next: UInt64?
    ) -> [UInt8] {
        let output = success("presence").text("channel", channel).raw("members", PresenceMember.list(members))
            .number("count", count)
        return (next.map { output.number("next", $0) } ?? output).finished()
    }

    /// The payload of `presence.join`, `presence.leave` and `presence.update`.
    ///
    /// - Parameters:
    ///   - unnamed: How many more it is about.
    ///   - count: How many are there now.
    package static func presenceNews(members: [PresenceMember], unnamed: Int, count: Int) -> [UInt8] {
        let output = JSONObjectOutput("members", PresenceMember.list(members)).number("count", count)
        return (unnamed > 0 ? output.number("unnamed", unnamed) : output).finished()
    }

    /// Answers what came by HTTP and is in the queue.
    ///
    /// - Parameter events: How many, where it is a batch; theirs are the ids `<id>/<line>`, unless they have others.
    package static func published(id: String, events: Int? = nil) -> [UInt8] {
        let output = JSONObjectOutput("id", id)
        return (events.map { output.number("events", $0) } ?? output).finished()
    }

    /// Answers what came by HTTP and is no event.
    ///
    /// - Parameters:
    ///   - offset: The byte where it is wrong, counted from 0.
    ///   - line: The line of a batch, counted from 1.
    package static func publishRefused(_ reason: String, offset: Int, line: Int? = nil) -> [UInt8] {
        let place = line.map { "line \($0): " } ?? ""
        let output = JSONObjectOutput("success", false).text("error", "\(place)\(reason), at byte \(offset)")
            .number("offset", offset)
        return (line.map { output.number("line", $0) } ?? output).finished()
    }

    /// Asks a client with `heartbeat=app` whether it is there.
    ///
    /// - Parameter cursor: Up to where it has been handed everything, though nothing of it may have been for it.
    package static func ping(cursor: Cursor? = nil) -> [UInt8] {
        let output = JSONObjectOutput("action", "ping")
        return (cursor.map { output.text("cursor", $0.text) } ?? output).finished()
    }

    /// Answers `ping`.
    package static func pong() -> [UInt8] {
        JSONObjectOutput("action", "pong").finished()
    }

    /// Tells what was wrong and what to do.
    ///
    /// - Parameter request: The action that is refused.
    package static func error(_ error: ClientError, of request: ClientAction? = nil) -> [UInt8] {
        var output = JSONObjectOutput("success", false).text("action", "error").text("error", error.text)
            .text("code", error.code)
        if let channel = error.channel { output = output.text("channel", channel) }
        if let seconds = error.retryAfterSeconds { output = output.number("retry_after", seconds) }
        if let request { output = output.text("request", request.rawValue) }
        return output.finished()
    }

    private static func list(_ names: [String]) -> [UInt8] {
        var list = [UInt8(ascii: "[")]
        for name in names {
            if list.count > 1 { list.append(ASCII.comma) }
            JSONWriter.write(name, into: &list)
        }
        list.append(UInt8(ascii: "]"))
        return list
    }

    private static func success(_ action: String) -> JSONObjectOutput {
        JSONObjectOutput("success", true).text("action", action)
    }
}

/// What a client that resumes can no longer get.
package struct ResumeGap: Equatable, Sendable {
    /// Why it cannot.
    package enum Reason: String, Sendable {
        /// The journal no longer goes back that far.
        case trimmed
        /// The numbering has begun anew since.
        case epoch
    }

    /// Where the client stood.
    package let from: Cursor
    /// Where what can be sent begins.
    package let to: Cursor
    /// Why.
    package let reason: Reason

    /// Makes a gap.
    package init(from: Cursor, to: Cursor, reason: Reason) {
        self.from = from
        self.to = to
        self.reason = reason
    }
}

/// One user in a channel, as `presence` shows it.
package struct PresenceMember: Equatable, Sendable {
    /// The user's id.
    package let user: String
    /// How the user is.
    package let status: PresenceStatus
    /// What the user does, as JSON; `nil` when nothing was said.
    package let activity: [UInt8]?
    /// What the token lets others know, as JSON.
    package let info: [UInt8]?

    /// Makes a member.
    package init(user: String, status: PresenceStatus, activity: [UInt8]?, info: [UInt8]?) {
        self.user = user
        self.status = status
        self.activity = activity
        self.info = info
    }

    /// The member as a JSON object.
    package var json: [UInt8] {
        var output = JSONObjectOutput("user", user).text("status", status.rawValue)
        if let activity { output = output.raw("activity", activity) }
        if let info { output = output.raw("info", info) }
        return output.finished()
    }

    /// Members as a JSON list.
    package static func list(_ members: [PresenceMember]) -> [UInt8] {
        var list = [UInt8(ascii: "[")]
        for member in members {
            if list.count > 1 { list.append(ASCII.comma) }
            list.append(contentsOf: member.json)
        }
        list.append(UInt8(ascii: "]"))
        return list
    }
}

/// How a user says to be.
package enum PresenceStatus: String, Sendable, CaseIterable {
    case online, away, busy, offline
}
