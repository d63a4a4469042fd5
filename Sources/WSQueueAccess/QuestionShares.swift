/// Whose question is put to the application next, where not all have a place: the next is for the address that has the fewest
/// under way, of those for the one whose turn was longest ago, and so on among its clients.
///
/// What comes by a Unix socket has no address; each client of it counts as one.
struct QuestionShares {
    fileprivate struct Share {
        var underWay = 0
        /// When it had its turn last, as a count of all turns; 0 is never.
        var turn: UInt64 = 0

        var rank: (Int, UInt64) { (underWay, turn) }
    }

    /// Where someone who waits stands: the lowest is next.
    struct Rank: Comparable {
        fileprivate let address: (Int, UInt64)
        fileprivate let client: (Int, UInt64)

        /// Whether none can stand before it.
        var isFirst: Bool { address == (0, 0) && client == (0, 0) }

        static func < (left: Rank, right: Rank) -> Bool {
            left.address == right.address ? left.client < right.client : left.address < right.address
        }
        static func == (left: Rank, right: Rank) -> Bool {
            left.address == right.address && left.client == right.client
        }
    }

    private var addresses: [[UInt8]: Share] = [:]
    private var clients: [AuthorizeQuestions.Waiter: Share] = [:]
    private var lastTurn: UInt64 = 0

    /// How many are under way for one address.
    private static let addressLimit = 32
    /// When this many are remembered, those that have nothing under way are forgotten.
    private static let memoryLimit = 8_192

    /// Where someone who waits stands; `nil` while its address has all that it may.
    func rank(of waiter: AuthorizeQuestions.Waiter) -> Rank? {
        let client = clients[waiter, default: Share()].rank
        guard let block = waiter.block else { return Rank(address: client, client: client) }
        let address = addresses[block, default: Share()]
        return address.underWay < Self.addressLimit ? Rank(address: address.rank, client: client) : nil
    }

    /// One more of its questions is under way.
    mutating func take(_ waiter: AuthorizeQuestions.Waiter) {
        lastTurn += 1
        clients[waiter, default: Share()].begin(lastTurn)
        if let block = waiter.block { addresses[block, default: Share()].begin(lastTurn) }
        if clients.count > Self.memoryLimit { clients = clients.filter { $0.value.underWay > 0 } }
        if addresses.count > Self.memoryLimit { addresses = addresses.filter { $0.value.underWay > 0 } }
    }

    /// One less.
    mutating func release(_ waiter: AuthorizeQuestions.Waiter) {
        clients[waiter]?.underWay -= 1
        if let block = waiter.block { addresses[block]?.underWay -= 1 }
    }
}

extension QuestionShares.Share {
    fileprivate mutating func begin(_ turn: UInt64) {
        underWay += 1
        self.turn = turn
    }
}
