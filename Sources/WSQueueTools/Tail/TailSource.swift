/// What `tail` follows.
package struct TailSource: Sendable {
    let location: ServerLocation
    let token: String?
    /// Where to begin: a cursor, or a number alone for one of the present numbering; `nil` is with what comes.
    package var since: String?
    /// Globs of events' names; empty is all.
    package var events: [String] = []
    /// Channels and patterns; empty is what has none.
    package var channels: [String] = []

    /// Makes a source of all that has no channel.
    package init(_ location: ServerLocation, token: String?) {
        self.location = location
        self.token = token
    }
}
