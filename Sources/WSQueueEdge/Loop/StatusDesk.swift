internal import WSQueueNet
internal import WSQueueOperation
internal import WSQueueRoutes
internal import WSQueueSession
internal import WSQueueWire

/// What a loop tells the operator, and the answers that wait for what all threads tell.
struct StatusDesk {
    /// An answer that is ready.
    struct Answer {
        /// The connection's token.
        let token: UInt64
        let method: RequestMethod
        let response: Response
    }

    private struct Request {
        let question: StatusQuestion
        let method: RequestMethod
        let token: UInt64
        /// When it was asked (monotonic nanoseconds).
        let at: Int64
    }

    private let index: Int
    private let board: StatusBoard
    private let pages: StatusPages
    private let loops: [LoopHandle]
    private let hubWakeup: Wakeup
    private var requests: [Request] = []
    private var counters = LoopCounters()
    /// When this loop said last how its clients are.
    private var writtenAt = Int64.min

    /// How long an answer waits for a thread that is busy.
    private static let patienceNanoseconds: Int64 = 1_000_000_000

    init(_ index: Int, _ board: StatusBoard, _ pages: StatusPages, _ loops: [LoopHandle], _ hubWakeup: Wakeup) {
        self.index = index
        self.board = board
        self.pages = pages
        self.loops = loops
        self.hubWakeup = hubWakeup
    }

    // MARK: Counting

    mutating func noteOpen() { counters.clients += 1 }
    mutating func noteClose(_ code: UInt16) { counters.closes[code, default: 0] += 1 }

    /// A replay has come to its end.
    mutating func noteReplay(_ replay: Replay) {
        if replay.gap != nil { counters.gaps += 1 } else { counters.resumes += 1 }
        if replay.isGapUnsure { counters.unsureGaps += 1 }
    }

    // MARK: Asking and answering

    /// Asks all threads how they stand; the answer follows once they have said it.
    mutating func ask(_ question: StatusQuestion, _ method: RequestMethod, _ token: UInt64, now: Int64) {
        requests.append(Request(question: question, method: method, token: token, at: now))
        board.ask(now: now, by: index, wantsClients: question == .status)
        for loop in loops { loop.wakeup.signal() }
        hubWakeup.signal()
    }

    /// Whether another thread has asked how this loop stands.
    var isWanted: Bool { board.isWanted(since: writtenAt) }

    /// Writes how this loop stands, if another thread has asked.
    mutating func report(_ delivery: borrowing Delivery, _ conversations: Conversations, now: Int64) {
        guard isWanted else { return }
        let clients =
            board.wantsClients(since: writtenAt)
            ? delivery.describeClients(conversations.subscriptions, limit: StatusBoard.clientLimit, now: now) : nil
        writtenAt = now
        (counters.deliveries, counters.replayed) = delivery.counts
        let askers = board.write(delivery.status(counters), clients, of: index, now: now)
        for loop in askers { loops[loop].wakeup.signal() }
    }

    /// Takes the answers to questions that all threads have answered.
    mutating func answers(now: Int64, unix: Int64) -> [Answer] {
        guard !requests.isEmpty else { return [] }
        var answers: [Answer] = []
        requests = requests.filter { request in
            let isComplete = now - request.at < Self.patienceNanoseconds
            guard let contents = board.contents(since: request.at, isComplete: isComplete, now: now) else {
                return true
            }
            let response = pages.answer(request.question, contents, unix: unix)
            answers.append(Answer(token: request.token, method: request.method, response: response))
            return false
        }
        return answers
    }
}
