/// How the Redis of a run behaves, and what happens to it.
struct RedisTroubles {
    /// After so many of a thousand steps it does something else for a while, and how long at most.
    var slowPerMille = 0
    var slowNanoseconds = 5_000_000
    /// After so many of a thousand reads the rest of a connection's bytes is under way for a while.
    var stallPerMille = 0
    var stallNanoseconds = 5_000_000_000
    /// What a server has sent before it died may be under way so long.
    var lateNanoseconds = 200_000_000
    /// After so many of a thousand commands everything is on its disk.
    var savePerMille = 0
    /// Whether it has a replica, which is not there at times.
    var hasReplica = false
    /// What happens to it, one after the other.
    var all: [Trouble] = []

    enum Trouble: CaseIterable {
        /// It ends all connections.
        case disconnects
        /// It stands still for a while.
        case pauses
        /// It ends, and comes back after a while with all that it had.
        case restarts
        /// The same, but without what was not on its disk.
        case forgets
        /// The same, with nothing.
        case loses

        var isLoss: Bool { self == .forgets || self == .loses }
    }

    /// After how many commands the next one happens.
    static func commandsToTrouble(_ random: inout Randomness) -> Int { 1 + random.below(random.pick([20, 100, 400])) }
}
