internal import WSQueueAccess
internal import WSQueueBroker
internal import WSQueueWire

/// Whose request is about to make a client of its connection.
struct Newcomer {
    let head: RequestHead
    /// Who it is, as its token says; `nil` without one.
    let bearer: TokenVerifier.Result?
    /// What the rules give it at its path.
    let welcome: Welcome
    /// What the application may know it by.
    let credentials: AuthorizeRequest.Credentials?
    /// Whether it has the rights of this machine.
    let isLocal: Bool

    /// - Parameter offered: The token among a WebSocket's subprotocols.
    init(
        _ head: RequestHead, _ bearer: TokenVerifier.Result?, _ welcome: Welcome, offered: [UInt8]?,
        from source: RequestSource, _ access: RequestAccess
    ) {
        self.head = head
        self.bearer = bearer
        self.welcome = welcome
        credentials = access.credentials(of: head, offered: offered, from: source)
        isLocal = access.isThisMachine(head, from: source)
    }
}
