/// What is drawn for a run of several servers.
struct NodesProfile {
    let count: Int
    /// Whether clients go on at any server.
    let roams: Bool
    var troubles = RedisTroubles()

    /// - Parameter profile: What was drawn for any run; what such a run does not have is taken out of it.
    init(random: inout Randomness, profile: inout Profile) {
        count = 2 + random.below(2)
        roams = random.chance(perMille: 500)
        profile.machine.errors = 0
        profile.machine.syncErrorPerMille = 0
        troubles.slowPerMille = random.pick([0, 0, 50, 300])
    }
}
