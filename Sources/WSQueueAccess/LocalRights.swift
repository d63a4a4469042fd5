internal import WSQueueNet
internal import WSQueueOperation
internal import WSQueueSystem
internal import WSQueueWire

/// Which requests have the rights of this machine (SPEC §4): a program here that asks directly, while others cannot ask at
/// all. Where others are listened to, a port that a container or a tunnel leads here would give those rights away.
struct LocalRights {
    private let isGranted: Bool?
    private let isLoopbackOnly: Bool

    init(_ configuration: Configuration) {
        isGranted = configuration.localRights
        isLoopbackOnly = configuration.isLoopbackOnly
    }

    /// Whether a request has them.
    func hold(for head: RequestHead, from source: RequestSource) -> Bool {
        if source.isControl { return true }
        guard isGranted != false, source.isLocal(head) else { return false }
        // The kernel knows whose program is at the other end; one of another user's may well be a proxy.
        guard !source.address.isUnix else { return source.user == 0 || source.user == Process.user }
        return isGranted ?? isLoopbackOnly
    }
}
