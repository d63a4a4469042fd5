internal import WSQueueBroker
internal import WSQueueCore
internal import WSQueueWire

/// What few clients have lies in an object that is made when the first of it is wanted: the thousands that only listen
/// cost no memory for it.
extension Peer {
    final class Rare {
        var identity: Identity?
        var token: HeldToken?
        var credentials: AuthorizeRequest.Credentials?
        var parked: [Parked] = []
        var grant: (request: AuthorizeRequest, isAllowed: Bool)?
        var view: EventView = EventView()
        var unheard: [UInt8] = []
        var messageRate: RateLimiter = RateLimiter()
        var refusalRate: RateLimiter = RateLimiter()
        var identifiedSince: UInt64 = 0
        var channelsLiveSince: [String: UInt64] = [:]
        var presences: [(channel: String, user: Label)] = []
        var replay: Replay?
        var replayRequests: [Replay.Request] = []
        var farewellBytes: Int = 0
        var discardedBytes: Int = 0
        var countedBlock: [UInt8]?
        var closeCode: UInt16 = 1_006
        var closeReason: String = ""
    }

    /// Who the client is, as its token says; `nil` is nobody known.
    var identity: Identity? {
        get { few?.identity }
        set { if few != nil || newValue != nil { makeFew().identity = newValue } }
    }

    /// What becomes of its token.
    var token: HeldToken? {
        get { few?.token }
        set { if few != nil || newValue != nil { makeFew().token = newValue } }
        _modify { yield &makeFew().token }
    }

    /// What the application may know it by, where there is one to ask.
    var credentials: AuthorizeRequest.Credentials? {
        get { few?.credentials }
        set { if few != nil || newValue != nil { makeFew().credentials = newValue } }
        _modify { yield &makeFew().credentials }
    }

    /// What it wants that the application is being asked about.
    var parked: [Parked] {
        get { few?.parked ?? [] }
        set { if few != nil || !newValue.isEmpty { makeFew().parked = newValue } }
        _modify { yield &makeFew().parked }
    }

    /// The answer that is being acted on.
    var grant: (request: AuthorizeRequest, isAllowed: Bool)? {
        get { few?.grant }
        set { if few != nil || newValue != nil { makeFew().grant = newValue } }
    }

    /// How it sees events.
    var view: EventView {
        get { few?.view ?? EventView() }
        set { if few != nil || newValue != EventView() { makeFew().view = newValue } }
    }

    /// What it has said before an answer came for which it must wait.
    var unheard: [UInt8] {
        get { few?.unheard ?? [] }
        set { if few != nil || !newValue.isEmpty { makeFew().unheard = newValue } }
        _modify { yield &makeFew().unheard }
    }

    /// Its messages, and those that were too many.
    var messageRate: RateLimiter {
        get { few?.messageRate ?? RateLimiter() }
        _modify { yield &makeFew().messageRate }
    }

    /// See ``messageRate``.
    var refusalRate: RateLimiter {
        get { few?.refusalRate ?? RateLimiter() }
        _modify { yield &makeFew().refusalRate }
    }

    /// The same for what is for its user.
    var identifiedSince: UInt64 {
        get { few?.identifiedSince ?? 0 }
        set { if few != nil || newValue != 0 { makeFew().identifiedSince = newValue } }
    }

    /// The same for the channels and patterns it listens to.
    var channelsLiveSince: [String: UInt64] {
        get { few?.channelsLiveSince ?? [:] }
        set { if few != nil || !newValue.isEmpty { makeFew().channelsLiveSince = newValue } }
        _modify { yield &makeFew().channelsLiveSince }
    }

    /// The channels in which it is there, and as whom.
    var presences: [(channel: String, user: Label)] {
        get { few?.presences ?? [] }
        set { if few != nil || !newValue.isEmpty { makeFew().presences = newValue } }
        _modify { yield &makeFew().presences }
    }

    /// What it is getting of the past.
    var replay: Replay? {
        get { few?.replay }
        set { if few != nil || newValue != nil { makeFew().replay = newValue } }
        _modify { yield &makeFew().replay }
    }

    /// What it wants of the past besides, first come first served.
    var replayRequests: [Replay.Request] {
        get { few?.replayRequests ?? [] }
        set { if few != nil || !newValue.isEmpty { makeFew().replayRequests = newValue } }
        _modify { yield &makeFew().replayRequests }
    }

    /// What is kept for it though it is being closed, as far as it is counted.
    var farewellBytes: Int {
        get { few?.farewellBytes ?? 0 }
        set { if few != nil || newValue != 0 { makeFew().farewellBytes = newValue } }
    }

    /// What was thrown away since our last bytes.
    var discardedBytes: Int {
        get { few?.discardedBytes ?? 0 }
        set { if few != nil || newValue != 0 { makeFew().discardedBytes = newValue } }
    }

    /// Where it is counted, when clients of one address are.
    var countedBlock: [UInt8]? {
        get { few?.countedBlock }
        set { if few != nil || newValue != nil { makeFew().countedBlock = newValue } }
        _modify { yield &makeFew().countedBlock }
    }

    /// The close code that the log names once the connection is gone.
    var closeCode: UInt16 {
        get { few?.closeCode ?? 1_006 }
        set { if few != nil || newValue != 1_006 { makeFew().closeCode = newValue } }
    }

    /// See ``closeCode``.
    var closeReason: String {
        get { few?.closeReason ?? "" }
        set { if few != nil || !newValue.isEmpty { makeFew().closeReason = newValue } }
    }
}
