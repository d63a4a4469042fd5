/// The channels that the rules give a client at its path. What it has asked for or given back itself is its own decision,
/// which the rules leave as it is.
struct GivenChannels {
    private var names: [String] = []
    private var own: Set<String> = []

    /// The client has decided about a channel itself.
    mutating func disown(_ name: String) { if names.contains(name) { own.insert(name) } }

    /// The rules give it these from now on.
    ///
    /// - Parameter listened: Which of them it listens to already, or asks for itself: newly given ones among them stay its
    ///   own.
    /// - Returns: What it is to listen to, with whether that was not given before, and what it is not to listen to any more.
    mutating func change(
        to new: [String], listened: [String]
    ) -> (begun: [(name: String, isNew: Bool)], ended: [String]) {
        for name in new where !names.contains(name) && listened.contains(name) { own.insert(name) }
        let begun = new.filter { !own.contains($0) }.map { (name: $0, isNew: !names.contains($0)) }
        let ended = names.filter { !new.contains($0) && !own.contains($0) }
        own.formIntersection(new)
        names = new
        return (begun, ended)
    }
}
