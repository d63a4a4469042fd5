package import WSQueueAccess
package import WSQueueBroker
package import WSQueueWire

/// Whose request is about to make a client of its connection.
package struct Newcomer {
    package let head: RequestHead
    /// Where it is, as rules about paths have it: `/` is most often, and takes no memory. All answers that are read as
    /// they come are at one.
    package let path: [UInt8]
    /// Who it is, as its token says; `nil` without one.
    package let bearer: TokenVerifier.Result?
    /// What the rules give it at its path.
    package let welcome: Welcome
    /// What the application may know it by.
    package let credentials: AuthorizeRequest.Credentials?
    /// Whether it has the rights of this machine.
    package let isLocal: Bool

    /// - Parameter offered: The token among a WebSocket's subprotocols.
    package init(
        _ head: RequestHead, _ bearer: TokenVerifier.Result?, _ welcome: Welcome, offered: [UInt8]?,
        from source: RequestSource, _ access: RequestAccess
    ) {
        self.head = head
        let place = Handshake.isWanted(by: head) ? head.target.path : HTTPRoute.events.rawValue
        path = place == "/" ? [] : Array(place.utf8)
        self.bearer = bearer
        self.welcome = welcome
        credentials = access.credentials(of: head, offered: offered, from: source)
        isLocal = access.isThisMachine(head, from: source)
    }
}
