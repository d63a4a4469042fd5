internal import WSQueueBroker
internal import WSQueueSession
internal import WSQueueWire

/// A client with a WebSocket.
// The order of the properties leaves no gaps.
final class WebSocketPeer {
    let line: Line
    private var talk: ClientSession
    private var isAwaitingPong = false
    private var isAwaitingAnswer = false
    private var input: Input?
    private var frameRate = RateLimiter()

    /// What has come of a frame or message that is not whole, and what was said while the client was not heard. An object
    /// of its own, because between two messages, where nearly all clients stand, there is none.
    private final class Input {
        fileprivate var webSocket = WebSocketProtocol()
        fileprivate var unheard: [UInt8] = []
    }

    init(_ line: Line, _ session: consuming ClientSession) {
        self.line = line
        talk = session
    }

    /// Its conversation.
    var session: ClientSession {
        _read { yield talk }
        _modify { yield &talk }
    }

    // MARK: Frames

    /// Takes the next event out of what has arrived.
    func next(
        in bytes: inout MutableSpan<UInt8>, from position: inout Int, limits: WebSocketLimits
    ) -> WebSocketEvent? {
        let input = self.input ?? Input()
        self.input = input
        return input.webSocket.next(in: &bytes, from: &position, limits: limits)
    }

    /// Gives back what is needed for nothing between two messages.
    func rest() {
        if let input, input.webSocket.isResting, input.unheard.isEmpty { self.input = nil }
    }

    /// Counts a frame.
    ///
    /// - Returns: Whether it is not one too many.
    func count(_ rule: RateRule?, now: Int64) -> Bool { rule.map { frameRate.take($0, now: now) } ?? true }

    // MARK: Pings

    /// Whether a ping has not been answered yet.
    var awaitsPong: Bool { isAwaitingPong }
    func awaitPong() { isAwaitingPong = true }
    /// Whatever arrives shows that the client is alive.
    func noteLife() { isAwaitingPong = false }

    // MARK: Not heard

    /// Whether it is not heard before an answer has come: each of its actions is answered before the next.
    var awaitsAnswer: Bool { isAwaitingAnswer }
    func awaitAnswer() { isAwaitingAnswer = true }
    /// The answer has come.
    func endAwaitingAnswer() { isAwaitingAnswer = false }

    /// Keeps what it says meanwhile.
    func keep(_ bytes: ArraySlice<UInt8>) {
        guard !bytes.isEmpty else { return }
        let input = self.input ?? Input()
        self.input = input
        input.unheard += bytes
    }

    /// How many bytes are kept.
    var unheardCount: Int { input?.unheard.count ?? 0 }

    /// Takes what the client has said meanwhile.
    func takeUnheard() -> [UInt8] {
        let unheard = input?.unheard ?? []
        input?.unheard = []
        return unheard
    }
}

/// A client that gets events as the body of an answer, and says nothing.
final class EventStreamPeer {
    let line: Line
    /// How they stand there.
    let form: StreamForm
    private var talk: ClientSession

    init(_ line: Line, _ form: StreamForm, _ session: consuming ClientSession) {
        self.line = line
        self.form = form
        talk = session
    }

    /// Its conversation.
    var session: ClientSession {
        _read { yield talk }
        _modify { yield &talk }
    }
}
