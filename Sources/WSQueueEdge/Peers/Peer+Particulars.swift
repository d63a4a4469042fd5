internal import WSQueueBroker
internal import WSQueueCore
internal import WSQueueOperation
internal import WSQueueWire

extension Peer {
    /// What only some clients have; the others do without its memory, which for a thousand of them is more than the rest.
    final class Particulars {
        /// Who the client is, as its token says; `nil` is nobody known.
        var identity: Identity?
        /// What becomes of its token.
        var token: HeldToken?
        /// What the application may know it by, where there is one to ask.
        var credentials: AuthorizeRequest.Credentials?
        /// What it wants that the application is being asked about.
        var parked: [Parked] = []
        /// The answer that is being acted on.
        var grant: (request: AuthorizeRequest, isAllowed: Bool)?
        /// How it sees events.
        var view: EventView = EventView()
        /// Everything behind this number it has been sent, as far as it was for its user.
        var identifiedSince: UInt64 = 0
        /// The same for the channels and patterns it listens to.
        var channelsLiveSince: [String: UInt64] = [:]
        /// The channels in which it is there, and as whom.
        var presences: [(channel: String, user: Label)] = []
        /// What it is getting of the past.
        var replay: Replay?
        /// What it wants of the past besides, first come first served.
        var replayRequests: [Replay.Request] = []
        /// What it has said while it was not heard.
        var unheard: [UInt8] = []
        /// Counts its messages.
        var messageRate: RateLimiter = RateLimiter()
        /// Counts those of its messages that were too many.
        var refusalRate: RateLimiter = RateLimiter()
        /// What the log says about its end.
        var closeReason: String = ""
    }

    /// Makes them when one of them is given.
    private var made: Particulars {
        if let particulars { return particulars }
        let new = Particulars()
        particulars = new
        return new
    }

    var identity: Identity? {
        get { particulars?.identity }
        set { if newValue != nil || particulars != nil { made.identity = newValue } }
    }

    var token: HeldToken? {
        get { particulars?.token }
        set { if newValue != nil || particulars != nil { made.token = newValue } }
    }

    var credentials: AuthorizeRequest.Credentials? {
        get { particulars?.credentials }
        set { if newValue != nil || particulars != nil { made.credentials = newValue } }
    }

    var parked: [Parked] {
        get { particulars?.parked ?? [] }
        _modify { yield &made.parked }
    }

    var grant: (request: AuthorizeRequest, isAllowed: Bool)? {
        get { particulars?.grant }
        set { if newValue != nil || particulars != nil { made.grant = newValue } }
    }

    var view: EventView {
        get { particulars?.view ?? EventView() }
        _modify { yield &made.view }
    }

    var identifiedSince: UInt64 {
        get { particulars?.identifiedSince ?? 0 }
        _modify { yield &made.identifiedSince }
    }

    var channelsLiveSince: [String: UInt64] {
        get { particulars?.channelsLiveSince ?? [:] }
        _modify { yield &made.channelsLiveSince }
    }

    var presences: [(channel: String, user: Label)] {
        get { particulars?.presences ?? [] }
        _modify { yield &made.presences }
    }

    var replay: Replay? {
        get { particulars?.replay }
        set { if newValue != nil || particulars != nil { made.replay = newValue } }
    }

    var replayRequests: [Replay.Request] {
        get { particulars?.replayRequests ?? [] }
        _modify { yield &made.replayRequests }
    }

    var unheard: [UInt8] {
        get { particulars?.unheard ?? [] }
        _modify { yield &made.unheard }
    }

    var messageRate: RateLimiter {
        get { particulars?.messageRate ?? RateLimiter() }
        _modify { yield &made.messageRate }
    }

    var refusalRate: RateLimiter {
        get { particulars?.refusalRate ?? RateLimiter() }
        _modify { yield &made.refusalRate }
    }

    var closeReason: String {
        get { particulars?.closeReason ?? "" }
        _modify { yield &made.closeReason }
    }
}
