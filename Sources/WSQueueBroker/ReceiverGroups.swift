/// The clients that get something else than everyone, in groups that get the same: each group's bytes are found once,
/// however many clients it has.
///
/// For one pass: ``begin(slotCount:)``, then ``add(_:seq:receivers:)`` for each selection in order. The number of a slot
/// leads from group to group; group 0 is everyone else. A group is the one before it and one selection more.
package struct ReceiverGroups {
    private struct Group {
        let parent: Int
        let selection: Int
        let seq: UInt64
    }

    private var groups = [Group(parent: 0, selection: -1, seq: 0)]
    private var groupBySlot: [Int32] = []
    /// The slots that are not in group 0, each once.
    package private(set) var slots: [Int] = []

    /// Makes groups of nobody.
    package init() {}

    /// Begins a pass.
    ///
    /// - Parameter slotCount: All slots are below it.
    package mutating func begin(slotCount: Int) {
        for slot in slots { groupBySlot[slot] = 0 }
        slots.removeAll(keepingCapacity: true)
        groups.removeSubrange(1...)
        if groupBySlot.count < slotCount {
            groupBySlot.append(contentsOf: repeatElement(0, count: slotCount - groupBySlot.count))
        }
    }

    /// Moves the receivers of a selection into the groups that get it too. Who has had a copy of the event stays where
    /// he is.
    ///
    /// - Parameters:
    ///   - selection: Its index, greater than those before.
    ///   - seq: The event's order number, greater than 0; the same for each copy.
    ///   - receivers: A slot may be there twice.
    /// - Returns: How many there are.
    @discardableResult
    package mutating func add(_ selection: Int, seq: UInt64, receivers: [Int]) -> Int {
        var count = 0
        // Nearly always one group has all of them.
        var (lastOld, lastNew) = (-1, -1)
        var others: [Int: Int] = [:]
        for slot in receivers {
            let old = Int(groupBySlot[slot])
            if groups[old].seq == seq { continue }
            count += 1
            if old == 0 { slots.append(slot) }
            if old != lastOld {
                lastOld = old
                lastNew = others[old] ?? groups.count
                if lastNew == groups.count {
                    groups.append(Group(parent: old, selection: selection, seq: seq))
                    others[old] = lastNew
                }
            }
            groupBySlot[slot] = Int32(lastNew)
        }
        return count
    }

    /// How many numbers of groups there are; some may have lost all their slots to others.
    package var count: Int { groups.count }

    /// The group of a slot.
    package func group(of slot: Int) -> Int { Int(groupBySlot[slot]) }

    /// The selections of a group, in order.
    package func selections(of group: Int) -> [Int] {
        var selections: [Int] = []
        var next = group
        while next != 0 {
            selections.append(groups[next].selection)
            next = groups[next].parent
        }
        return selections.reversed()
    }
}
