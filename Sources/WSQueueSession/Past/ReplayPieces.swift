internal import WSQueueBroker

/// Pieces of the past that were built for one client and are the same for others, kept for a moment: a thousand clients that
/// come back at once would read, check and frame the same records a thousand times.
package struct ReplayPieces<Place: Sendable>: Sendable {
    /// What decides which of the records that are the same for all of a kind are sent, and how they look.
    package struct Kind: Equatable, Sendable {
        let likeness: SubscriptionTable.Likeness
        /// In which history their numbers are.
        let epoch: String
        /// The channels and patterns whose past is wanted, and whether the past of what has none is.
        let channels: Set<String>
        let wantsAll: Bool
        let view: EventView
        /// Whether something before is lost: a reader of a stream cannot come back to where it stands then.
        let hasGap: Bool
    }

    /// Frames, and which records they are of.
    package struct Piece: Sendable {
        /// The frames of all these records that those of the kind are sent.
        package let frames: ReplayFrames
        /// Where the first record stands.
        package let start: Place
        /// The first number, and the first after them.
        package let numbers: Range<UInt64>
        /// Where the last record ends, counted from ``start``.
        package let offset: Int

        /// Makes a piece.
        package init(_ frames: ReplayFrames, start: Place, numbers: Range<UInt64>, offset: Int) {
            self.frames = frames
            self.start = start
            self.numbers = numbers
            self.offset = offset
        }
    }

    private var pieces: [(kind: Kind, piece: Piece)] = []
    private var oldest = 0

    /// How many are kept: clients that come back together are not far apart. With 32 KiB of records each they need about two
    /// megabytes.
    package static var limit: Int { 48 }

    /// No pieces.
    package init() {}

    /// A piece in which the record with a number lies, for a client that has been sent nothing live of it.
    ///
    /// - Parameter settled: Up to here nothing was sent live to the client, and nothing held back from it.
    package func find(_ kind: Kind, at number: UInt64, settled: UInt64) -> Piece? {
        pieces.first {
            $0.piece.numbers.contains(number) && $0.piece.numbers.upperBound - 1 <= settled && $0.kind == kind
        }?.piece
    }

    /// Keeps a piece instead of the oldest.
    package mutating func keep(_ piece: Piece, _ kind: Kind) {
        guard pieces.count == Self.limit else { return pieces.append((kind, piece)) }
        pieces[oldest] = (kind, piece)
        oldest = (oldest + 1) % Self.limit
    }

    /// Forgets all of them.
    package mutating func removeAll() {
        guard !pieces.isEmpty else { return }
        pieces = []
        oldest = 0
    }
}
