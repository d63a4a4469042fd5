package import WSQueueNet
package import WSQueueWire

/// Which questions to the application are under way, which wait, and for whom: decided without a socket or a clock.
///
/// At most ``underWayLimit`` are under way at once; the same question of many clients is one (``QuestionShares`` says whose
/// is next). A question that has no answer at its deadline is denied, wherever it is: waiting for a place, for the
/// application's address, or for its answer.
package struct AuthorizeQuestions {
    /// Who waits for an answer.
    package struct Waiter: Hashable, Sendable {
        package let loop: Int
        /// The connection's token on its loop.
        package let token: UInt64
        /// The block of addresses that it comes from; `nil` by a Unix socket.
        package let block: [UInt8]?

        package init(loop: Int, token: UInt64, block: [UInt8]? = nil) {
            self.loop = loop
            self.token = token
            self.block = block
        }
    }

    /// What is to be done, in this order.
    package enum Action: Equatable {
        /// Look up the application's host.
        case lookUp
        /// Put a question to the application at this address; its number is new.
        case connect(UInt64, Address, AuthorizeRequest)
        /// Close a question's connection.
        case close(UInt64)
        /// Tell all that have waited for the answer.
        case tell([Waiter], AuthorizeRequest, isAllowed: Bool)
        /// The application does not answer, and did before; or it does again.
        case noteSilence(String)
        case noteAnswer
    }

    private struct Question {
        let request: AuthorizeRequest
        let deadline: Int64
        var waiters: [Waiter]
        /// Where it is under way; `nil` while it waits.
        var address: Address?
        /// Whose place it has.
        var holder: Waiter?
    }

    package static let underWayLimit = 64
    /// How long addresses are used before they are looked up again; meanwhile the old ones are used.
    private static let addressNanoseconds: Int64 = 10_000_000_000

    private var questions: [UInt64: Question] = [:]
    private var numbers: [AuthorizeRequest: UInt64] = [:]
    /// Those that have no place yet, in their order; some may have been denied meanwhile.
    private var waiting: [UInt64] = []
    private var underWay = 0
    private var shares = QuestionShares()
    private var lastNumber: UInt64 = 0
    /// Where the application may be, those that refused left out.
    private var addresses: [Address] = []
    private var addressesUntil: Int64 = 0
    private var isLookingUp = false
    /// Whether the log has been told that there is no answer, and none has come since.
    private var isSilent = false

    /// Asks nothing yet.
    package init() {}

    /// Whether no one waits for anything.
    package var isEmpty: Bool { questions.isEmpty }

    /// Someone wants to know something.
    package mutating func add(_ request: AuthorizeRequest, for waiter: Waiter, deadline: Int64) {
        if let number = numbers[request] {
            questions[number]?.waiters.append(waiter)
            return
        }
        lastNumber += 1
        questions[lastNumber] = Question(request: request, deadline: deadline, waiters: [waiter])
        numbers[request] = lastNumber
        waiting.append(lastNumber)
    }

    /// Denies what has waited long enough, and puts those questions that there is room for.
    package mutating func turn(now: Int64) -> [Action] {
        var actions: [Action] = []
        for (number, question) in questions where question.deadline <= now {
            let isNameless = question.address == nil && addresses.isEmpty
            actions += finish(
                number, isAllowed: false,
                fault: isNameless ? "its host was not looked up in time" : "no answer in time")
        }
        if waiting.count + underWay > questions.count { waiting.removeAll { questions[$0] == nil } }
        while underWay < Self.underWayLimit, let (place, holder) = next(), let question = questions[waiting[place]] {
            if addressesUntil <= now || addresses.isEmpty, !isLookingUp {
                isLookingUp = true
                actions.append(.lookUp)
            }
            guard let address = addresses.first else { break }
            let number = waiting.remove(at: place)
            questions[number]?.holder = holder
            shares.take(holder)
            actions.append(begin(number, question, at: address))
        }
        return actions
    }

    /// The application's host has been looked up; the next ``turn(now:)`` goes on with it.
    package mutating func resolve(_ addresses: [Address], now: Int64) -> [Action] {
        isLookingUp = false
        self.addresses = addresses
        addressesUntil = now + Self.addressNanoseconds
        guard addresses.isEmpty else { return [] }
        var actions: [Action] = []
        for number in waiting { actions += finish(number, isAllowed: false, fault: "no address") }
        waiting = []
        return actions
    }

    /// There is no connection for a question: its host's next address is tried. A name may stand for several, and the
    /// application listen on one of them.
    package mutating func refuse(_ number: UInt64, fault: String) -> [Action] {
        guard let question = questions[number], let address = question.address else { return [] }
        questions[number]?.address = nil
        underWay -= 1
        if addresses.first == address { addresses.removeFirst() }
        guard let next = addresses.first else {
            return [.close(number)] + finish(number, isAllowed: false, fault: fault)
        }
        return [.close(number), begin(number, question, at: next)]
    }

    /// The application has answered a question, or has ended the connection without an answer.
    package mutating func answer(_ number: UInt64, isAllowed: Bool, fault: String? = nil) -> [Action] {
        finish(number, isAllowed: isAllowed, fault: fault)
    }

    /// What is asked by this number.
    package func request(_ number: UInt64) -> AuthorizeRequest? { questions[number]?.request }

    /// The question that is put next, by its place among those that wait, and for whom; `nil` where none has a place.
    private func next() -> (place: Int, holder: Waiter)? {
        var best: (place: Int, holder: Waiter, rank: QuestionShares.Rank)?
        for place in waiting.indices {
            for waiter in questions[waiting[place]]?.waiters ?? [] {
                guard let rank = shares.rank(of: waiter), best.map({ rank < $0.rank }) ?? true else { continue }
                best = (place, waiter, rank)
            }
            // Nearly always there is room for all.
            if best?.rank.isFirst ?? false { break }
        }
        return best.map { ($0.place, $0.holder) }
    }

    private mutating func begin(_ number: UInt64, _ question: Question, at address: Address) -> Action {
        questions[number]?.address = address
        underWay += 1
        return .connect(number, address, question.request)
    }

    private mutating func finish(_ number: UInt64, isAllowed: Bool, fault: String?) -> [Action] {
        guard let question = questions.removeValue(forKey: number) else { return [] }
        numbers[question.request] = nil
        if let holder = question.holder { shares.release(holder) }
        var actions: [Action] = []
        if question.address != nil {
            underWay -= 1
            actions.append(.close(number))
        }
        if let fault, !isSilent { actions.append(.noteSilence(fault)) }
        if fault == nil, isSilent { actions.append(.noteAnswer) }
        isSilent = fault != nil
        return actions + [.tell(question.waiters, question.request, isAllowed: isAllowed)]
    }
}
