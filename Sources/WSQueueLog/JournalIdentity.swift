internal import WSQueueSystem

extension JournalRecord {
    /// What tells an event apart from all others: its id, and whose that is.
    package struct Identity: Hashable, Sendable {
        /// The event's id, UTF-8.
        package let id: [UInt8]
        /// Whose id it is; `nil` in what servers before 0.2 have written, which matches the event of any owner.
        package let owner: EventOwner?
        /// Only without an owner, where the id is no more than the name of a file: when that was changed last (Unix
        /// nanoseconds).
        package let stamp: Int64
        /// Under which the journal knows it, never 0; another one in each process.
        let key: UInt64

        /// An identity as servers from 0.2 on know it.
        package init(id: [UInt8], owner: EventOwner) {
            self.id = id
            self.owner = owner
            stamp = 0
            key = Self.key(id.span, owner.key)
        }

        /// An identity as servers before 0.2 knew it.
        ///
        /// - Parameter stamp: 0 where the event said its id itself.
        package init(id: [UInt8], stamp: Int64) {
            self.id = id
            owner = nil
            self.stamp = stamp
            key = Self.key(id.span, stamp)
        }

        /// Whether both are of one event, as far as that can be told where one of them has no owner.
        package func matches(_ other: Identity) -> Bool {
            id == other.id && (owner == nil || other.owner == nil || owner == other.owner)
        }

        /// Under which the very same bytes are known of a file whose name may be used again: whichever of the events of
        /// one name and mtime they were.
        func key(of fingerprint: Fingerprint) -> UInt64 {
            let parts = FileEventID.parts(of: id.span)
            let base = ByteHash.seeded(
                id.span.extracting(..<parts.count), stamp: (owner?.key ?? 0) ^ fingerprint.word)
            return Self.key(id.span.extracting(parts.line...), Int64(bitPattern: base))
        }

        /// Under which the bytes of a file are known whatever its mtime was.
        func keyOfCopies(_ fingerprint: Fingerprint) -> UInt64 {
            Self.key(FileEventID.withoutTime(id).span, ~((owner?.key ?? 0) ^ fingerprint.word))
        }

        /// Under which the journal knows the event of an owner.
        package static func key(of id: Span<UInt8>, _ owner: EventOwner) -> UInt64 { key(id, owner.key) }

        private static func key(_ id: Span<UInt8>, _ stamp: Int64) -> UInt64 {
            max(1, ByteHash.seeded(id, stamp: stamp))
        }
    }

    /// Which bytes an event came in, where the name of its file does not tell: their count and CRC-32C.
    package struct Fingerprint: Equatable, Sendable {
        package let byteCount: UInt64
        package let checksum: UInt32

        /// The fingerprint of an event's text.
        package init(_ bytes: Span<UInt8>) {
            self.init(byteCount: UInt64(bytes.count), checksum: CRC32C.checksum(bytes))
        }

        /// A fingerprint that was written down.
        package init(byteCount: UInt64, checksum: UInt32) {
            self.byteCount = byteCount
            self.checksum = checksum
        }

        fileprivate var word: Int64 {
            Int64(bitPattern: (byteCount &* 0x9E37_79B9_7F4A_7C15) ^ UInt64(checksum) << 16)
        }
    }
}
