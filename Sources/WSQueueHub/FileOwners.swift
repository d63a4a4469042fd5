internal import WSQueueLog
internal import WSQueueSystem

/// Tells who has published a file, as the kernel knows it of the open file.
struct FileOwners {
    /// Whether owners have names, because several servers share the order and numbers differ between machines.
    private let areNamed: Bool
    private var known: [UInt32: EventOwner] = [:]
    private var last: (user: UInt32, owner: EventOwner)?

    private static let limitUsers = 4_096

    init(areNamed: Bool) { self.areNamed = areNamed }

    /// The owner of a file, where no one else can have written it.
    mutating func owner(of status: FileStatus) -> EventOwner {
        let writableByOthers: UInt32 = 0o022
        guard status.links < 2, status.mode & writableByOthers == 0, status.owner != UserNamespace.nobody else {
            return .unknown
        }
        if let last, last.user == status.owner { return last.owner }
        let owner = known[status.owner] ?? find(status.owner)
        last = (status.owner, owner)
        return owner
    }

    private mutating func find(_ user: UInt32) -> EventOwner {
        let name = areNamed ? Account.userName(user) : nil
        let owner = EventOwner(Array((name ?? "\(user)").utf8))
        if known.count < Self.limitUsers { known[user] = owner }
        return owner
    }
}
