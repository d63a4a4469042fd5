internal import WSQueueAccess
internal import WSQueueBroker
internal import WSQueueCore
internal import WSQueueNet
internal import WSQueueWire

/// Decides what a request gets that only the application may send, or an admin, or who may open the queue's `.control`.
struct ApplicationRoutes {
    let access: RequestAccess

    /// A command's body is short; a list of who is there may be longer.
    private static let commandLimitBytes = 65_536
    private static let listLimitBytes = 1_048_576

    /// Looks at a request's head, before any of its body is read.
    func route(_ route: HTTPRoute, _ head: RequestHead, from source: RequestSource) -> Router.Route {
        if let refusal = access.refusal(of: head, from: source) { return .respond(refusal) }
        let fields = access.sharing(with: head) + [.init("Cache-Control", "no-store")]
        if head.method == .options {
            let methods = route.methods.filter { $0 != .options }.map(\.name)
            return .respond(Preflight.answer(methods.joined(separator: ", "), fields))
        }
        guard route.methods.contains(head.method) else {
            var answer = route.notAllowed
            answer.fields += fields
            return .respond(answer)
        }
        if var refusal = access.commandRefusal(of: head, from: source) {
            refusal.fields += fields
            return .respond(refusal)
        }
        do throws(CommandFault) {
            switch route {
            case .disconnect: return try command(.disconnect, head, fields, limitBytes: Self.commandLimitBytes)
            case .presence:
                let channel = try Self.channel(head.target)
                guard head.method == .post else {
                    return .apply(.members(of: channel, after: try Self.place(head.target)), fields)
                }
                return try command(.presence(channel), head, fields, limitBytes: Self.listLimitBytes)
            default: return .apply(.count(try Self.channelQuery(head.target)), fields)
            }
        } catch {
            return .respond(error.response(fields))
        }
    }

    private func command(
        _ command: ApplicationCommand, _ head: RequestHead, _ fields: [Response.Field], limitBytes: Int
    ) throws(CommandFault) -> Router.Route {
        guard PublishForm(head) == .event, head.tokens(of: "content-encoding").isEmpty else {
            throw CommandFault(.unsupportedMediaType, "Send JSON as Content-Type: application/json, and not encoded.")
        }
        do throws(RequestBodyReader.Fault) {
            let reader = try RequestBodyReader(head.body, limitBytes: limitBytes)
            return .command(command, reader, expectsContinue: head.expectsContinue, fields)
        } catch {
            return .respond(PublishRoute.refusal(error, nil, fields))
        }
    }

    private static func channelQuery(_ target: RequestTarget) throws(CommandFault) -> ChannelQuery {
        var patterns: [ChannelPattern] = []
        for name in target.values(of: "channels").flatMap({ $0.split(separator: ",") }) {
            guard let pattern = ChannelPattern(String(name)) else {
                throw CommandFault("'channels' has a name that no channel has: \(TerminalText.plain(Array(name.utf8)))")
            }
            patterns.append(pattern)
        }
        guard patterns.count <= 128 else { throw CommandFault("'channels' may have 128 names and patterns.") }
        var limit = ChannelQuery.most
        if let text = target.value(of: "limit") {
            guard let number = Int(text), number > 0, number <= ChannelQuery.most else {
                throw CommandFault("'limit' is a number from 1 to \(ChannelQuery.most).")
            }
            limit = number
        }
        let (prefix, after) = (target.value(of: "prefix") ?? "", target.value(of: "after") ?? "")
        guard max(prefix.utf8.count, after.utf8.count) <= Channel.nameLimitBytes else {
            throw CommandFault("'prefix' and 'after' are no longer than a channel's name.")
        }
        return ChannelQuery(prefix: prefix, patterns: patterns, after: after, limit: limit)
    }

    private static func channel(_ target: RequestTarget) throws(CommandFault) -> String {
        let name = String(target.path.dropFirst(HTTPRoute.presence.rawValue.count + 1))
        guard let channel = Channel(name), channel.kind == .presence else {
            throw CommandFault(
                .notFound, "Who is there is known for channels whose names begin with presence. or presence-.")
        }
        return channel.name
    }

    private static func place(_ target: RequestTarget) throws(CommandFault) -> UInt64 {
        guard let text = target.value(of: "after") else { return 0 }
        guard let number = UInt64(text) else { throw CommandFault("'after' is what the answer before had as 'next'.") }
        return number
    }
}

/// What is wrong with what the application has sent.
struct CommandFault: Error {
    let status: HTTPStatus
    let advice: String

    init(_ advice: String) { self.init(.badRequest, advice) }

    init(_ status: HTTPStatus, _ advice: String) {
        self.status = status
        self.advice = advice
    }

    func response(_ fields: [Response.Field]) -> Response { Response(status, advice: advice, fields: fields) }
}
