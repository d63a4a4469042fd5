package import WSQueueBroker
package import WSQueueCore
package import WSQueueWire

/// Which command a body is of.
package enum ApplicationCommand: Equatable, Sendable {
    case disconnect
    /// Who is in this channel.
    case presence(String)
}

/// What the application asks or commands, once that is known to be good.
package enum ApplicationRequest: Equatable, Sendable {
    /// Which channels have subscribers.
    case count(ChannelQuery)
    /// Who is in a channel, from the one with this number on.
    case members(of: String, after: UInt64)
    /// Close a user's clients, and refuse tokens of the time before for so many milliseconds.
    case disconnect(Label, milliseconds: Int64)
    /// Close the connection with this id.
    case close(Int64)

    /// Say how users are in a channel and, with a number of milliseconds, that they are there for that long.
    case say([PresenceWord], in: String, milliseconds: Int64?, isWhole: Bool)

    /// Reads the body of a command.
    ///
    /// - Returns: The request, or the answer to a body that is none.
    package static func read(
        _ body: Span<UInt8>, for command: ApplicationCommand, _ fields: [Response.Field]
    ) -> Result<ApplicationRequest, CommandRefusal> {
        do throws(CommandFault) {
            switch command {
            case .disconnect: return .success(try DisconnectBody.read(body))
            case .presence(let channel): return .success(try PresenceBody.read(body, channel))
            }
        } catch {
            return .failure(CommandRefusal(response: error.response(fields)))
        }
    }

    // MARK: Answers

    /// The answer to a question about channels.
    ///
    /// - Parameter users: How many users are in a channel that tracks them.
    package static func answer(
        to query: ChannelQuery, _ tally: Tally, _ fields: [Response.Field], users: (String) -> Int
    ) -> Response {
        var tally = tally
        tally.truncate(to: query.limit)
        var list: [UInt8] = []
        for entry in tally.channels {
            list.append(list.isEmpty ? UInt8(ascii: "[") : UInt8(ascii: ","))
            var output = JSONObjectOutput("channel", entry.channel).number("clients", entry.clients)
            if Channel(entry.channel)?.kind == .presence { output = output.number("users", users(entry.channel)) }
            list += output.finished()
        }
        list = list.isEmpty ? Array("[]".utf8) : list + [UInt8(ascii: "]")]
        var output = JSONObjectOutput("complete", tally.isComplete).raw("channels", list)
        if tally.hasMore, let last = tally.channels.last { output = output.text("next", last.channel) }
        return ok(output, fields)
    }

    /// The answer to a question who is in a channel.
    package static func answer(
        membersOf channel: String, _ page: PresencePage, _ members: [PresenceMember], _ fields: [Response.Field]
    ) -> Response {
        let output = JSONObjectOutput("channel", channel).raw("members", PresenceMember.list(members))
            .number("count", page.count)
        return ok(page.next.map { output.number("next", $0) } ?? output, fields)
    }

    /// The answer after clients were closed.
    package static func answer(closed tally: Tally, _ fields: [Response.Field]) -> Response {
        ok(JSONObjectOutput("complete", tally.isComplete).number("closed", tally.count), fields)
    }

    /// The answer after the application has said how users are.
    ///
    /// - Parameters:
    ///   - said: Of how many.
    ///   - count: How many are there now.
    package static func answer(said: Int, in channel: String, count: Int, _ fields: [Response.Field]) -> Response {
        ok(JSONObjectOutput("channel", channel).number("set", said).number("count", count), fields)
    }

    /// The answer where no more can be remembered.
    package static func answer(full count: Int, _ what: String, _ fields: [Response.Field]) -> Response {
        Response(
            .serviceUnavailable,
            advice: "\(count) users \(what) already, and no more are remembered. Use shorter times.",
            fields: [.init("Retry-After", "60")] + fields)
    }

    private static func ok(_ output: JSONObjectOutput, _ fields: [Response.Field]) -> Response {
        Response(
            .ok, fields: [.init("Content-Type", "application/json")] + fields,
            body: output.finished() + Array("\n".utf8))
    }
}

/// The answer to a body that cannot be used.
package struct CommandRefusal: Error, Equatable {
    package let response: Response
}
