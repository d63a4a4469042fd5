internal import WSQueueLog
internal import WSQueueSpool
internal import WSQueueSystem

/// Tells who has published a file, as the kernel knows it of the open file.
struct FileOwners {
    /// Whether owners have names, because several servers share the order and numbers differ between machines.
    private let areNamed: Bool
    private var known: [UInt32: EventOwner] = [:]
    private var last: (user: UInt32, owner: EventOwner)?

    private static let limitUsers = 4_096
    /// Whom the server runs as.
    private let user = Process.user

    init(areNamed: Bool) { self.areNamed = areNamed }

    /// The owner of a file and, where the server has written it for somebody else and its name says for whom, how much of
    /// the name counts besides.
    ///
    /// - Throws: Why it cannot be told whether the name is to be believed: as one of somebody unknown it might be refused, or
    ///   not be known again.
    mutating func publisher(
        of file: PendingFile, _ status: FileStatus, in queue: Directory
    ) throws(SystemCallError) -> (owner: EventOwner, stemCount: Int?) {
        let owner = owner(of: status)
        guard status.owner == user, file.isNamedByContract, let claim = SpoolClaim.read(file.stem) else {
            return (owner, nil)
        }
        guard owner != .unknown, SpoolClaim.isBelieved(of: status, in: try queue.status(), user: user) else {
            return (.unknown, claim.stemCount)
        }
        return (EventOwner(claim.owner), claim.stemCount)
    }

    /// The owner of a file, where no one else can have written it.
    private mutating func owner(of status: FileStatus) -> EventOwner {
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
