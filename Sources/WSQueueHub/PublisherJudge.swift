internal import WSQueueBroker
internal import WSQueueCore
internal import WSQueueLog
internal import WSQueueOperation
internal import WSQueueSystem

/// Judges who may publish what, where the operator has rules about that.
struct PublisherJudge {
    /// Why an event may not be published, and by whom it was.
    struct Refusal {
        let reason: String
        let publisher: String
    }

    private let policy: PublisherPolicy
    /// The edition of the rules that the groups are of.
    private var edition = 0
    private var groups: [UInt32: [UInt32]] = [:]
    private static let limitUsers = 4_096

    /// Judges nothing where there are no rules.
    init?(_ policy: PublisherPolicy?) {
        guard let policy else { return nil }
        self.policy = policy
    }

    /// Why an event may not be published; `nil` where it may.
    ///
    /// - Parameters:
    ///   - owner: Who has published it.
    ///   - user: Whose the file is, where that is who has published it.
    mutating func refusal(
        of text: EventText, in bytes: Span<UInt8>, by owner: EventOwner, user: UInt32
    ) -> Refusal? {
        let current = policy.current
        if current.number != edition {
            edition = current.number
            groups = [:]
        }
        let name = text.eventName(in: bytes)
        let publisher = publisher(owner, user)
        let refusal = current.rules.refusal(
            of: publisher, event: name.bytes.span, channels: text.channels.map(\.name))
        guard let refusal else { return nil }
        var names = PublisherNames()
        let who = names.name(of: owner)
        let what =
            switch refusal {
            case .event: name.text
            case .channel(let channel): "\(name.text) into \(channel)"
            case .channelless: "\(name.text) without a channel"
            }
        let whose =
            publisher == .unknown
            ? "one of whom no one can tell who it is (the file is nobody's, or others than its owner may write it)"
            : who
        return Refusal(reason: "\(whose) may not publish \(what): no rule of --publishers permits it", publisher: who)
    }

    private mutating func publisher(_ owner: EventOwner, _ user: UInt32) -> EventPublisher {
        if owner == .unknown { return .unknown }
        // No user's name has a colon (passwd(5)).
        if owner.name.contains(UInt8(ascii: ":")) { return .named(String(decoding: owner.name, as: UTF8.self)) }
        if let known = groups[user] { return .user(user, groups: known) }
        let found = Account.groups(of: user)
        if groups.count < Self.limitUsers { groups[user] = found }
        return .user(user, groups: found)
    }
}
