internal import WSQueueBroker
internal import WSQueueCore
internal import WSQueueNet
internal import WSQueueSystem
internal import WSQueueWire

/// One socket and what the program at its other end has got to. It lives on the loop that owns it.
final class Peer {
    /// How far a connection is.
    enum Stage {
        /// A request is awaited or being read.
        case request
        /// Others make the answer.
        case answering
        /// A WebSocket is open.
        case open
        /// Our last bytes are on their way, or were sent; what still arrives is thrown away.
        case closing
    }

    let socket: Socket
    let address: Address
    /// Monotonic nanoseconds.
    let openedAt: Int64
    var stage = Stage.request
    /// Answers and control frames, which go before what the log holds for this client.
    var outbox = Outbox()
    /// Reads the request; gone once there is a WebSocket. In an object of its own, because most clients have done
    /// with it long ago.
    var request: RequestReader? = RequestReader()
    var webSocket = WebSocketProtocol()
    /// The connection's id, 0 before it is a client.
    var connection: Int64 = 0
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
    /// Whether the client speaks `wsqueue.v1`.
    var speaksProtocol = false
    /// How it sees events.
    var view = EventView()
    /// Whether it gets Server-Sent Events, and says nothing.
    var isStream: Bool { view.streamEpoch != nil }
    /// Whether it has been told its connection id.
    var isWelcomed = false
    /// Whether a ping has not been answered yet.
    var isAwaitingPong = false
    /// Whether it is not heard before an answer has come from elsewhere, and what it has said meanwhile.
    var isAwaitingAnswer = false
    var unheard: [UInt8] = []
    /// Whether the poller reports when its socket takes bytes again.
    var isAwaitingSpace = false
    /// What it sends too much of is counted here.
    var frameRate = RateLimiter()
    /// Its messages, and those that were too many.
    var messageRate = RateLimiter()
    var refusalRate = RateLimiter()
    /// Whether it cannot see the protocol's pings.
    var wantsPingMessages = false
    /// Everything behind this number it has been sent, as far as it was for everyone, or is being sent.
    var liveSince: UInt64 = 0
    /// The same for what is for its user.
    var identifiedSince: UInt64 = 0
    /// The same for the channels and patterns it listens to.
    var channelsLiveSince: [String: UInt64] = [:]
    /// The channels in which it is there, and as whom.
    var presences: [(channel: String, user: Label)] = []
    /// What it is getting of the past.
    var replay: Replay?
    /// What it wants of the past besides, first come first served.
    var replayRequests: [Replay.Request] = []
    /// What is kept for it though it is being closed, as far as it is counted.
    var farewellBytes = 0
    /// What was thrown away since our last bytes.
    var discardedBytes = 0
    /// Where it is counted, when clients of one address are.
    var countedBlock: [UInt8]?
    /// The close code that the log names once the connection is gone.
    var closeCode: UInt16 = 1_006
    var closeReason = ""

    /// Something that waits for the application's answer.
    struct Parked {
        let request: AuthorizeRequest
        /// What is done then; `nil` only looks whether a subscription may stay.
        let command: ClientCommand?
        /// Whether success is not answered, because it was asked for in the URL.
        let isQuiet: Bool
    }

    /// A token that was good when it came.
    struct HeldToken {
        /// The fingerprint of the secret that signed it.
        let secret: UInt64
        /// When the client may stay no longer, Unix seconds; `nil` is never.
        var endsAt: Int64?
        /// Whether the client knows that.
        var isWarned = false
    }

    /// A parser that costs an open WebSocket nothing.
    final class RequestReader {
        var parser = RequestParser()
        /// Reads the body, once the head is read and the body is wanted.
        var body: RequestBodyReader?
        /// What the answer says besides.
        var answerFields: [Response.Field] = []
    }

    init(socket: consuming Socket, address: Address, openedAt: Int64) {
        self.socket = socket
        self.address = address
        self.openedAt = openedAt
    }
}
