/// The events that the journal knows, by the hashes of their identities: about 50 bytes an event.
///
/// 64 bits, seeded anew in each process, so that nobody can make two ids collide: among 10,000 known events the chance
/// that a new one is taken for one of them is one in 10¹⁵.
struct JournalIdentities {
    private var hashes: [UInt64: UInt32] = [:]

    /// The hash under which an identity is kept.
    static func hash(_ identity: JournalRecord.Identity) -> UInt64 {
        UInt64(bitPattern: Int64(identity.hashValue))
    }

    func contains(_ hash: UInt64) -> Bool { hashes[hash] != nil }

    mutating func insert(_ hash: UInt64) { hashes[hash, default: 0] += 1 }

    /// Forgets what a segment brought, but not what another one brought again.
    mutating func remove(_ gone: [UInt64]) {
        for hash in gone {
            guard let count = hashes[hash] else { continue }
            hashes[hash] = count > 1 ? count - 1 : nil
        }
    }
}
