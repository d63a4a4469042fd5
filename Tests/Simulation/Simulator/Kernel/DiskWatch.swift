/// Watches a run for the moments at which a power cut may leave one thing or another: each before the disk is changed or
/// synced. What clients and publishers have been told since the change before holds then.
final class DiskWatch {
    /// What the power cut of one case leaves.
    struct Case {
        /// Which moment it is, counted from 1.
        let moment: Int
        /// How many pieces were pending, and what is left of each.
        let remains: PendingChanges.Remains
        let model: Kernel.Cut
    }

    /// All cases so far, without those in which the same disk is left and the same had been told.
    private(set) var cases: [Case] = []
    private(set) var moments = 0
    /// The most that was pending at a moment, and at how many moments no more was than is tried in full.
    private(set) var mostPending = 0
    private(set) var momentsInFull = 0
    /// The one in which the power fails; `nil` collects them.
    let chosen: Case?
    /// How much has been told by now.
    var told: () -> Int = { 0 }
    private var seen: Set<[UInt64]> = []

    init(_ chosen: Case? = nil) { self.chosen = chosen }

    /// Looks at the disk.
    ///
    /// - Returns: Whether the power fails now.
    func look(at kernel: Kernel) -> Bool {
        moments += 1
        if let chosen { return moments == chosen.moment }
        let pending = PendingChanges(below: kernel.queue)
        mostPending = max(mostPending, pending.count)
        if pending.count <= PendingChanges.bound { momentsInFull += 1 }
        let facts = UInt64(told())
        pending.forEachState { remains in
            guard seen.insert([pending.hash(of: remains), facts, UInt64(kernel.boots[0])]).inserted else { return }
            cases.append(Case(moment: moments, remains: remains, model: pending.model(of: remains)))
        }
        return false
    }
}
