package import WSQueueCore

/// What stands beside news of presence in the stream, so that every node knows what the channel has been told.
package struct PresenceTold: Equatable, Sendable {
    /// The number of the node that has told it.
    package let sender: Int64
    package let channel: String
    package let kind: PresenceNews.Kind
    /// To whom it happened; `nil` when not all of them are named.
    package let users: [Label]?

    package init(sender: Int64, channel: String, kind: PresenceNews.Kind, users: [Label]?) {
        self.sender = sender
        self.channel = channel
        self.kind = kind
        self.users = users
    }

    /// What a piece of news tells.
    package init(_ news: PresenceNews, sender: Int64) {
        self.init(
            sender: sender, channel: news.channel, kind: news.kind,
            users: news.unnamed == 0 ? news.users.map(\.user) : nil)
    }

    /// Encodes it, as a ``NodeMessage`` is.
    package func encode() -> [UInt8] {
        var output = NodeOutput(kind: Self.kindByte, sender: sender)
        output.text(Array(channel.utf8))
        output.text(Array(kind.rawValue.utf8))
        output.optional(users) { output, users in
            output.list(users) { $0.text($1.bytes) }
        }
        return output.bytes
    }

    /// Reads what stood beside news; `nil` where it is something else.
    package static func decode(_ bytes: Span<UInt8>) -> PresenceTold? {
        guard var input = try? NodeInput(bytes), bytes[4] == kindByte, let sender = input.number(bytes),
            let name = input.text(bytes), let channel = Channel(name.span), let word = input.label(bytes),
            let kind = PresenceNews.Kind(rawValue: word.text), let isNamed = input.isPresent(bytes)
        else { return nil }
        var users: [Label]?
        if isNamed {
            guard let count = input.count(bytes) else { return nil }
            var named: [Label] = []
            for _ in 0..<count {
                guard let user = input.label(bytes) else { return nil }
                named.append(user)
            }
            users = named
        }
        guard input.place == bytes.count else { return nil }
        return PresenceTold(sender: sender, channel: channel.name, kind: kind, users: users)
    }

    private static let kindByte = UInt8(ascii: "t")
}
