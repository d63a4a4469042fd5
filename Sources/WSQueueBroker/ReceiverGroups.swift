/// The clients that get something else than everyone, in groups that get the same: each group's bytes are found once,
/// however many clients it has.
///
/// For one pass: ``begin(slotCount:)``, then ``add(_:seq:receivers:)`` for each selection in order. The number of a slot
/// leads from group to group; group 0 is everyone else. A group is the one before it and some selections more.
package struct ReceiverGroups {
    private struct Group {
        let parent: Int
        /// In order.
        var selections: [Int]
        var seq: UInt64
    }

    private var groups = [Group(parent: 0, selections: [], seq: 0)]
    /// The first of the groups that the last selection has made, and how many receivers they have.
    private var lastMade = 0
    private var lastCount = 0
    private var groupBySlot: [Int32] = []
    /// The slots that are not in group 0, each once.
    package private(set) var slots: [Int] = []

    /// Makes groups of no one.
    package init() {}

    /// Begins a pass.
    ///
    /// - Parameter slotCount: All slots are below it.
    package mutating func begin(slotCount: Int) {
        for slot in slots { groupBySlot[slot] = 0 }
        slots.removeAll(keepingCapacity: true)
        groups.removeSubrange(1...)
        canRepeat = false
        if groupBySlot.count < slotCount {
            groupBySlot.append(contentsOf: repeatElement(0, count: slotCount - groupBySlot.count))
        }
    }

    /// Moves the receivers of a selection into the groups that get it too. A receiver that has had a copy of the event stays
    /// where it is.
    ///
    /// - Parameters:
    ///   - selection: Its index, greater than those before.
    ///   - seq: The event's order number, greater than 0; the same for each copy.
    ///   - receivers: A slot may be there twice.
    /// - Returns: How many there are.
    @discardableResult
    package mutating func add(_ selection: Int, seq: UInt64, receivers: [Int]) -> Int {
        var count = 0
        lastMade = groups.count
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
                    groups.append(Group(parent: old, selections: [selection], seq: seq))
                    others[old] = lastNew
                }
            }
            groupBySlot[slot] = Int32(lastNew)
        }
        lastCount = count
        canRepeat = count == receivers.count
        return count
    }

    /// Whether the groups that the last selection made are just its receivers, so that the next one for the same receivers
    /// need not look for them.
    package private(set) var canRepeat = false

    /// Adds a selection with the same receivers as the one before; only where it ``canRepeat``.
    ///
    /// - Returns: How many there are.
    @discardableResult
    package mutating func addAgain(_ selection: Int, seq: UInt64) -> Int {
        for group in lastMade..<groups.count {
            groups[group].selections.append(selection)
            groups[group].seq = seq
        }
        return lastCount
    }

    /// How many numbers of groups there are; some may have lost all their slots to others.
    package var count: Int { groups.count }

    /// The group of a slot.
    package func group(of slot: Int) -> Int { Int(groupBySlot[slot]) }

    /// The selections of a group, in order.
    package func selections(of group: Int) -> [Int] {
        var parts: [[Int]] = []
        var next = group
        while next != 0 {
            parts.append(groups[next].selections)
            next = groups[next].parent
        }
        return Array(parts.reversed().joined())
    }
}
