package import WSQueueBroker
package import WSQueueSession
package import WSQueueWire

/// A client with a WebSocket.
// The order of the properties leaves no gaps.
package final class WebSocketPeer {
    /// Its socket.
    package let line: Line
    private var talk: ClientSession
    private var isAwaitingAnswer = false
    private var input: Input?
    private var frameRate = RateLimiter()

    /// What has come of a frame or message that is not whole, and what was said while the client was not heard. An object
    /// of its own, because between two messages, where nearly all clients stand, there is none.
    private final class Input {
        fileprivate var webSocket = WebSocketProtocol()
        fileprivate var unheard: [UInt8] = []
    }

    /// A client that has just been welcomed.
    package init(_ line: Line, _ session: consuming ClientSession) {
        self.line = line
        talk = session
    }

    /// Its conversation.
    package var session: ClientSession {
        _read { yield talk }
        _modify { yield &talk }
    }

    // MARK: Frames

    /// Takes the next event out of what has arrived.
    package func next(
        in bytes: inout MutableSpan<UInt8>, from position: inout Int, limits: WebSocketLimits
    ) -> WebSocketEvent? {
        let input = self.input ?? Input()
        self.input = input
        return input.webSocket.next(in: &bytes, from: &position, limits: limits)
    }

    /// Gives back what is needed for nothing between two messages.
    package func rest() {
        if let input, input.webSocket.isResting, input.unheard.isEmpty { self.input = nil }
    }

    /// Whether it stands between two messages, and is heard.
    package var isResting: Bool { input == nil && !isAwaitingAnswer }

    /// Counts a frame.
    ///
    /// - Returns: Whether it is not one too many.
    package func count(_ rule: RateRule?, now: Int64) -> Bool { rule.map { frameRate.take($0, now: now) } ?? true }

    // MARK: Not heard

    /// Whether it is not heard before an answer has come: each of its actions is answered before the next.
    package var awaitsAnswer: Bool { isAwaitingAnswer }
    /// It is not heard before an answer has come.
    package func awaitAnswer() { isAwaitingAnswer = true }
    /// The answer has come.
    package func endAwaitingAnswer() { isAwaitingAnswer = false }

    /// Keeps what it says meanwhile.
    package func keep(_ bytes: ArraySlice<UInt8>) {
        guard !bytes.isEmpty else { return }
        let input = self.input ?? Input()
        self.input = input
        input.unheard += bytes
    }

    /// How many bytes are kept.
    package var unheardCount: Int { input?.unheard.count ?? 0 }

    /// Takes what the client has said meanwhile.
    package func takeUnheard() -> [UInt8] {
        let unheard = input?.unheard ?? []
        input?.unheard = []
        return unheard
    }
}

/// A client that gets events as the body of an answer, and says nothing.
package final class EventStreamPeer {
    /// Its socket.
    package let line: Line
    /// How they stand there.
    package let form: StreamForm
    private var talk: ClientSession

    /// A reader whose stream begins.
    package init(_ line: Line, _ form: StreamForm, _ session: consuming ClientSession) {
        self.line = line
        self.form = form
        talk = session
    }

    /// Its conversation.
    package var session: ClientSession {
        _read { yield talk }
        _modify { yield &talk }
    }
}
