/// What is drawn for a run of several servers.
struct NodesProfile {
    let count: Int
    /// Whether clients go on at any server.
    let roams: Bool
    /// How often a server dies or ends.
    let crashes: Int
    var troubles = RedisTroubles()
    /// Whether there are users in a channel that tracks them, and how many replicas must have an event.
    let hasGuests: Bool
    let replicas: Int

    /// In so many of a thousand runs what happens to Redis may be a loss, where all runs are of several servers. What
    /// servers know of guests after one is not judged.
    private static let lossPerMille = 300

    /// - Parameter profile: What was drawn for any run; what such a run does not have is taken out of it.
    init(random: inout Randomness, profile: inout Profile, mayLose: Bool) {
        // Drawn apart, so that the other runs are what they are without it.
        var apart = Randomness(seed: ~Randomness(seed: random.peek).peek)
        hasGuests = apart.chance(perMille: 300)
        replicas = apart.pick([0, 0, 0, 1])
        troubles.hasReplica = replicas > 0
        count = 2 + random.below(2)
        roams = random.chance(perMille: 500)
        profile.machine.errors = 0
        profile.machine.syncErrorPerMille = 0
        // What coarse times lead to is no matter of several servers, and has its own runs.
        profile.machine.tickNanoseconds = 4_000_000
        crashes = random.pick([0, 2, 5])
        troubles.slowPerMille = random.pick([0, 0, 50, 300])
        troubles.stallPerMille = random.pick([0, 0, 10])
        troubles.lateNanoseconds = random.pick([1_000_000, 200_000_000])
        troubles.savePerMille = random.pick([5, 50, 500])
        let losesEvents = mayLose && !hasGuests && random.chance(perMille: Self.lossPerMille)
        let kinds = RedisTroubles.Trouble.allCases.filter { losesEvents || !$0.isLoss }
        for _ in 0..<random.pick([0, 1, 3]) { troubles.all.append(random.pick(kinds)) }
    }
}
