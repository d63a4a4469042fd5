internal import WSQueueBroker
internal import WSQueueCore
internal import WSQueueNet
internal import WSQueueOperation
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
    /// Whom the log names: the other end, or the client of a trusted proxy there.
    var address: Address
    /// Monotonic nanoseconds.
    let openedAt: Int64
    var stage = Stage.request
    /// Answers and control frames, which go before what the log holds for this client.
    var outbox = Outbox()
    /// Reads the request; gone once there is a WebSocket. In an object of its own, because most clients have done
    /// with it long ago.
    var request: RequestReader? = RequestReader()
    /// What has come of a frame or message that is not whole; nothing between two of them, where nearly all clients
    /// stand.
    private var input: Input?
    /// The connection's id, 0 before it is a client.
    var connection: Int64 = 0
    /// Whether the client speaks `wsqueue.v1`.
    var speaksProtocol = false
    /// Whether it gets Server-Sent Events, and says nothing.
    var isStream: Bool { particulars?.view.streamEpoch != nil }
    /// Whether it has been told its connection id.
    var isWelcomed = false
    /// Whether a ping has not been answered yet.
    var isAwaitingPong = false
    /// Whether it is not heard before an answer has come from elsewhere.
    var isAwaitingAnswer = false
    /// Whether the poller reports when its socket takes bytes again.
    var isAwaitingSpace = false
    /// What it sends too much of is counted here.
    var frameRate = RateLimiter()
    /// Whether it cannot see the protocol's pings.
    var wantsPingMessages = false
    /// Everything behind this number it has been sent, as far as it was for everyone, or is being sent.
    var liveSince: UInt64 = 0
    /// What is kept for it though it is being closed, as far as it is counted.
    var farewellBytes = 0
    /// What was thrown away since our last bytes.
    var discardedBytes = 0
    /// Where it is counted, when clients of one address are.
    var countedBlock: [UInt8]?
    /// The close code that the log names once the connection is gone.
    var closeCode: UInt16 = 1_006
    /// What only some clients have.
    var particulars: Particulars?

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

    /// The protocol's state. After a read, ``restInput()`` gives back what it needs no longer.
    var webSocket: WebSocketProtocol {
        get { input?.webSocket ?? WebSocketProtocol() }
        _modify {
            if let input {
                yield &input.webSocket
            } else {
                let made = Input()
                input = made
                yield &made.webSocket
            }
        }
    }

    func restInput() {
        if let input, input.webSocket.isResting { self.input = nil }
    }

    /// An object of its own, because it is seldom there.
    private final class Input {
        var webSocket = WebSocketProtocol()
    }

    init(socket: consuming Socket, address: Address, openedAt: Int64) {
        self.socket = socket
        self.address = address
        self.openedAt = openedAt
    }
}
