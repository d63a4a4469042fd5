/// How much one pass records at most, so that clients get the first events of a backlog while the next are read.
///
/// Whatever is recorded in a pass of its own costs each client a call of its own: so what little is left goes along.
struct PassLimit {
    /// Where the pass ends, and where it ends when that leaves little.
    private let usual: UInt64
    private let farthest: UInt64

    static let bytes: UInt64 = 262_144
    private static let restBytes = bytes / 4

    /// The pass begins at a position of the log.
    init(from start: UInt64) {
        usual = start + Self.bytes
        farthest = usual + Self.restBytes
    }

    /// Up to where files are begun, or a batch is gone on with.
    ///
    /// - Parameters:
    ///   - taken: How many the pass has taken.
    ///   - left: How many wait.
    ///   - batchBytes: How large the batch is that has begun; `nil` where none has.
    func end(taken: Int, left: Int, batchBytes: Int?) -> UInt64 {
        // Where its lines end, the pass does: it would be taken again and again, and none of its lines.
        batchBytes.map { end(batchBytes: $0) } ?? (left <= taken / 4 ? farthest : usual)
    }

    /// Up to where lines of a batch are recorded.
    ///
    /// - Parameter byteCount: How large it is.
    func end(batchBytes byteCount: Int) -> UInt64 { byteCount <= Int(Self.bytes + Self.restBytes) ? farthest : usual }
}
