internal import Synchronization
internal import WSQueueNet
internal import WSQueueSystem
internal import WSQueueWire

/// Asks the application about channels, on a thread of its own: what does not answer keeps no client waiting but the one
/// that it is about.
///
/// At most 64 requests are under way; the same question of many clients is asked once. Two seconds after somebody
/// wanted to know, no answer is a denial.
final class AuthorizeDesk: Sendable {
    /// Who waits for an answer.
    struct Waiter: Sendable {
        let loop: Int
        /// The connection's token on its loop.
        let token: UInt64
    }

    private struct Order: Sendable {
        let request: AuthorizeRequest
        let waiter: Waiter
        let deadline: Int64
    }

    private struct Known {
        let isAllowed: Bool
        let until: Int64
    }

    /// How long a client waits, nanoseconds.
    static let limitNanoseconds: Int64 = 2_000_000_000
    static let underWayLimit = 64
    private static let waitingLimit = 4_096
    private static let knownLimit = 16_384

    let location: HTTPLocation
    private let wakeup: Wakeup
    private let mailbox: Mailbox<Order>
    private let known = Guarded<[AuthorizeRequest: Known]>([:])
    private let waitingCount = Atomic<Int>(0)
    private let isStarted = Atomic<Bool>(false)

    /// Makes a desk where nobody sits.
    init(_ location: HTTPLocation) throws(SystemCallError) {
        self.location = location
        wakeup = try Wakeup()
        mailbox = Mailbox(wakeup: wakeup)
    }

    /// What the application has said before, as long as that may be kept.
    func answer(to request: AuthorizeRequest, now: Int64) -> Bool? {
        known.withLock { known in
            guard let answer = known[request], answer.until > now else { return nil }
            return answer.isAllowed
        }
    }

    /// Asks; the waiter's loop is told.
    ///
    /// - Returns: Whether there was room for one more question.
    func ask(_ request: AuthorizeRequest, for waiter: Waiter, now: Int64) -> Bool {
        guard waitingCount.add(1, ordering: .relaxed).newValue <= Self.waitingLimit else {
            waitingCount.subtract(1, ordering: .relaxed)
            return false
        }
        mailbox.post(Order(request: request, waiter: waiter, deadline: now + Self.limitNanoseconds))
        return true
    }

    /// Forgets all answers: who was let in under other rules is asked about again.
    func forget() { known.withLock { $0 = [:] } }

    /// Starts the thread, once.
    func start(_ context: LoopContext) throws(SystemCallError) {
        guard !isStarted.exchange(true, ordering: .relaxed) else { return }
        let poller = try Poller()
        try poller.add(wakeup.number, .readable, token: .max)
        let first = Guarded<Poller?>(poller)
        _ = try LoopThread(name: "wsq-authorize") { [self] in
            guard let poller = first.withLock({ $0.take() }) else { return }
            var loop = AuthorizeLoop(desk: self, context: context, poller: poller)
            while true { loop.turn() }
        }
    }

    fileprivate func keep(_ answer: AuthorizeAnswer, to request: AuthorizeRequest, now: Int64) {
        guard answer.maximumAgeSeconds > 0 else { return }
        known.withLock { known in
            if known.count >= Self.knownLimit {
                known = known.filter { $0.value.until > now }
                if known.count >= Self.knownLimit { known = [:] }
            }
            let until = now + Int64(answer.maximumAgeSeconds) * 1_000_000_000
            known[request] = Known(isAllowed: answer.isAllowed, until: until)
        }
    }

    /// One question under way.
    private final class Question {
        let request: AuthorizeRequest
        let deadline: Int64
        var waiters: [Waiter]
        var socket: Socket?
        var rest: [UInt8] = []
        var reader = AuthorizeAnswerReader()

        init(_ order: Order) {
            request = order.request
            deadline = order.deadline
            waiters = [order.waiter]
        }
    }

    /// What the thread does and knows.
    private struct AuthorizeLoop: ~Copyable {
        let desk: AuthorizeDesk
        let context: LoopContext
        var poller: Poller
        var questions: [UInt64: Question] = [:]
        var byRequest: [AuthorizeRequest: UInt64] = [:]
        /// Those that have no place yet, oldest first.
        var queue: [UInt64] = []
        var underWay = 0
        var lastToken: UInt64 = 0
        var addresses: (list: [Address], until: Int64) = ([], 0)
        var buffer = [UInt8](repeating: 0, count: 16_384)
        /// Whether it was said that there is no answer, and none has come since.
        var isSilent = false

        init(desk: AuthorizeDesk, context: LoopContext, poller: consuming Poller) {
            self.desk = desk
            self.context = context
            self.poller = poller
        }

        mutating func turn() {
            desk.wakeup.willSleep()
            let milliseconds: Int32 = questions.isEmpty ? -1 : 50
            let count = (try? poller.wait(milliseconds: desk.mailbox.isEmpty ? milliseconds : 0)) ?? 0
            desk.wakeup.didWake()
            let now = Clock.monotonicNanoseconds()
            for index in 0..<count {
                let ready = poller.ready(index)
                if ready.token == .max { desk.wakeup.clear() } else { goOn(ready, now: now) }
            }
            for order in desk.mailbox.take() { add(order) }
            for (token, question) in questions where question.deadline <= now {
                finish(token, .none, now: now, fault: "no answer in time")
            }
            while underWay < AuthorizeDesk.underWayLimit, !queue.isEmpty { begin(queue.removeFirst(), now: now) }
        }

        private mutating func add(_ order: Order) {
            if let token = byRequest[order.request], let question = questions[token] {
                return question.waiters.append(order.waiter)
            }
            lastToken += 1
            questions[lastToken] = Question(order)
            byRequest[order.request] = lastToken
            queue.append(lastToken)
        }

        private mutating func begin(_ token: UInt64, now: Int64) {
            guard let question = questions[token] else { return }
            if addresses.until <= now || addresses.list.isEmpty {
                let list = Address.resolve(host: desk.location.host, port: desk.location.port)
                addresses = (list, now + 10_000_000_000)
            }
            guard let address = addresses.list.first else {
                return finish(token, .none, now: now, fault: "no address")
            }
            do throws(SystemCallError) {
                let socket = try Socket.connect(to: address)
                try poller.add(socket.number, .writable, token: token)
                question.rest = question.request.encode(to: desk.location)
                question.socket = consume socket
                underWay += 1
            } catch {
                // Another of its addresses next time.
                addresses.list.removeFirst()
                finish(token, .none, now: now, fault: error.description)
            }
        }

        private mutating func goOn(_ ready: Readiness, now: Int64) {
            guard let question = questions[ready.token], let number = question.socket?.number else { return }
            if !question.rest.isEmpty {
                switch Socket.send(question.rest.span, to: number) {
                case .bytes(let count): question.rest.removeFirst(count)
                case .wouldBlock: return
                case .closed(let code):
                    addresses.list = []
                    return finish(ready.token, .none, now: now, fault: SystemCallError.reason(of: code))
                }
                guard question.rest.isEmpty else { return }
                try? poller.change(number, .readable, token: ready.token)
                return
            }
            let result: Socket.Transfer
            do {
                var span = buffer.mutableSpan
                result = Socket.receive(into: &span, from: number)
            }
            switch result {
            case .bytes(let count):
                guard let answer = question.reader.receive(buffer.span.extracting(..<count)) else { return }
                desk.keep(answer, to: question.request, now: now)
                finish(ready.token, answer, now: now, fault: nil)
            case .wouldBlock: return
            case .closed: finish(ready.token, .none, now: now, fault: "ended without an answer")
            }
        }

        /// Tells everyone who waits.
        private mutating func finish(_ token: UInt64, _ answer: AuthorizeAnswer, now: Int64, fault: String?) {
            guard let question = questions.removeValue(forKey: token) else { return }
            byRequest[question.request] = nil
            if let number = question.socket?.number {
                poller.remove(number)
                question.socket = nil
                underWay -= 1
            }
            desk.waitingCount.subtract(question.waiters.count, ordering: .relaxed)
            note(fault)
            for waiter in question.waiters {
                context.loops[waiter.loop].mailbox.post(
                    .authorized(question.request, isAllowed: answer.isAllowed, token: waiter.token))
            }
        }

        private mutating func note(_ fault: String?) {
            if fault != nil, !isSilent {
                context.log.write(
                    LogLine(.error, "authorize.failed").with("url", "http://\(desk.location.authority)")
                        .with("error", fault ?? "").with("hint", "who asks is refused until the application answers"))
            } else if fault == nil, isSilent {
                context.log.write(LogLine(.notice, "authorize.back"))
            }
            isSilent = fault != nil
        }
    }
}
