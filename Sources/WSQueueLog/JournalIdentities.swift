/// The events that the journal knows, by the hashes of their identities: 16 to 32 bytes an event, and 8 with its segment.
///
/// 64 bits, seeded anew in each process, so that no one can make two ids collide: among 10,000 known events the chance
/// that a new one is taken for one of them is one in 10¹⁵.
///
/// A table with open addressing, because what is kept are hashes already: a set would hash them once more.
struct JournalIdentities {
    /// A power of two places, of which at most half are taken; 0 is a free one.
    private var places = [UInt64](repeating: 0, count: 1_024)
    private var count = 0
    /// Whose ids are known, so that an event without an owner can be found among them.
    private var owners: [EventOwner] = []
    /// Whether any event without an owner is known, or has been.
    private(set) var hasOwnerless = false

    /// Of so many owners the events are found without one; there are hardly ever more.
    private static let limitOwners = 256

    /// Whether an event is known; one without an owner is, whoever has published it.
    func contains(_ identity: JournalRecord.Identity) -> Bool {
        if contains(identity.key) { return true }
        guard identity.owner == nil else { return false }
        return owners.contains { contains(JournalRecord.Identity(id: identity.id, owner: $0).key) }
    }

    /// Notes whose events are known.
    mutating func note(_ owner: EventOwner?) {
        guard let owner else {
            hasOwnerless = true
            return
        }
        guard owners.last != owner, owners.count < Self.limitOwners, !owners.contains(owner) else { return }
        owners.append(owner)
    }

    func contains(_ hash: UInt64) -> Bool { places[place(of: hash)] == hash }

    mutating func insert(_ hash: UInt64) {
        let place = place(of: hash)
        guard places[place] == 0 else { return }
        places[place] = hash
        count += 1
        if count * 2 > places.count { resize(to: places.count * 2) }
    }

    /// Forgets what a segment brought.
    mutating func remove(_ gone: [UInt64]) {
        for hash in gone { remove(hash) }
        if count * 8 < places.count, places.count > 1_024 { resize(to: places.count / 2) }
    }

    private mutating func remove(_ hash: UInt64) {
        var free = place(of: hash)
        guard places[free] == hash else { return }
        count -= 1
        // A hash that had to go on past this place moves up, so that no free place lies between it and its own.
        var next = (free + 1) & (places.count - 1)
        while places[next] != 0 {
            let distance = (next &- home(of: places[next])) & (places.count - 1)
            if distance >= (next &- free) & (places.count - 1) {
                places[free] = places[next]
                free = next
            }
            next = (next + 1) & (places.count - 1)
        }
        places[free] = 0
    }

    /// Where a hash is, or would be put.
    private func place(of hash: UInt64) -> Int {
        var place = home(of: hash)
        while places[place] != 0, places[place] != hash { place = (place + 1) & (places.count - 1) }
        return place
    }

    private func home(of hash: UInt64) -> Int { Int(truncatingIfNeeded: hash) & (places.count - 1) }

    private mutating func resize(to newCount: Int) {
        let old = places
        places = [UInt64](repeating: 0, count: newCount)
        for hash in old where hash != 0 { places[place(of: hash)] = hash }
    }
}
