internal import WSQueueNet
internal import WSQueueOperation
internal import WSQueueSystem
internal import WSQueueWire

/// One question under way.
final class Question {
    let request: AuthorizeRequest
    let deadline: Int64
    var waiters: [AuthorizeDesk.Waiter]
    var socket: Socket?
    var address: Address?
    var rest: [UInt8] = []
    var reader = AuthorizeAnswerReader()

    init(_ order: AuthorizeDesk.Order) {
        request = order.request
        deadline = order.deadline
        waiters = [order.waiter]
    }
}

/// What the thread of an ``AuthorizeDesk`` does and knows.
struct AuthorizeLoop: ~Copyable {
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

    private mutating func add(_ order: AuthorizeDesk.Order) {
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
            question.address = address
            underWay += 1
        } catch {
            tryNext(after: address, token, fault: error.description, now: now)
        }
    }

    /// Goes on with the host's next address: a name may stand for several, and the application listen on one of them.
    private mutating func tryNext(after address: Address, _ token: UInt64, fault: String, now: Int64) {
        release(questions[token])
        if addresses.list.first == address { addresses.list.removeFirst() }
        guard !addresses.list.isEmpty else { return finish(token, .none, now: now, fault: fault) }
        begin(token, now: now)
    }

    /// Closes a question's connection.
    private mutating func release(_ question: Question?) {
        guard let question, let number = question.socket?.number else { return }
        poller.remove(number)
        question.socket = nil
        underWay -= 1
    }

    private mutating func goOn(_ ready: Readiness, now: Int64) {
        guard let question = questions[ready.token], let number = question.socket?.number else { return }
        if !question.rest.isEmpty {
            switch Socket.send(question.rest.span, to: number) {
            case .bytes(let count): question.rest.removeFirst(count)
            case .wouldBlock: return
            case .closed(let code):
                let fault = SystemCallError.reason(of: code)
                guard let address = question.address else { return }
                return tryNext(after: address, ready.token, fault: fault, now: now)
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
        release(question)
        desk.release(question.waiters.count)
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
