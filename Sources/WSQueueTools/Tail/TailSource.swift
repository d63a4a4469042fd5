package import WSQueueCommandLine

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

    /// Those that are meant where none is named, on this machine: all.
    package static let allChannels = ["**"]

    /// Whether the newest event of each key comes first.
    package var wantsState = false
    /// Whether ``since`` is where an earlier run has ended, which has had that state.
    package var isResumed = false
    /// For a consumer that notes how far it has come: what it does at a gap. `nil` where no one notes that.
    package var onGap: GapPolicy?

    /// Makes a source of all that has no channel.
    package init(_ location: ServerLocation, token: String?) {
        self.location = location
        self.token = token
    }
}
