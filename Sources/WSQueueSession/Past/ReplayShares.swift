/// How much time of a loop the replays of each address have taken: those of one that has taken much take a quarter of the
/// loop's time at most, all of them together, so that whoever asks for all of the past again and again slows no one else.
package struct ReplayShares: Sendable {
    private struct Account {
        /// What was taken and not yet forgotten, nanoseconds, as it was at some moment.
        var taken: Int64
        var at: Int64
    }

    private var accounts: [[UInt8]: Account] = [:]
    /// Until when those that have taken much rest.
    private var pauseEnd = Int64.min

    /// What an address may take before it counts as much: some hundreds of replays of 10,000 events.
    private static let freeNanoseconds: Int64 = 2_000_000_000
    /// Of what it has taken one twentieth of the time that goes by is forgotten.
    private static let forgetting: Int64 = 20
    /// So many times as long as one of them has taken, they rest.
    private static let rests: Int64 = 3
    private static let memoryLimit = 4_096

    /// No one has taken anything.
    package init() {}

    /// Whether the next step of an address's replay has to wait.
    package func mustRest(_ address: [UInt8], now: Int64) -> Bool {
        guard now < pauseEnd, let account = accounts[address] else { return false }
        return Self.left(account, now: now) > Self.freeNanoseconds
    }

    /// When those that rest go on.
    package var goesOnAt: Int64 { pauseEnd }

    /// A step has taken so long, and is over now.
    package mutating func charge(_ nanoseconds: Int64, to address: [UInt8], now: Int64) {
        let taken = accounts[address].map { Self.left($0, now: now) } ?? 0
        if taken > Self.freeNanoseconds { pauseEnd = now + nanoseconds * Self.rests }
        accounts[address] = Account(taken: taken + nanoseconds, at: now)
        if accounts.count > Self.memoryLimit { accounts = accounts.filter { Self.left($0.value, now: now) > 0 } }
    }

    private static func left(_ account: Account, now: Int64) -> Int64 {
        max(0, account.taken - (now - account.at) / forgetting)
    }
}
