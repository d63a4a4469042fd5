/// When clients come back that a server has closed, and what that was like.
struct Returns {
    /// How many connections have ended, and how many attempts found no listener.
    private(set) var closes = 0
    private(set) var refusals = 0
    /// What the server asked its clients to wait (`retry_ms=` in the reason), milliseconds.
    private(set) var wishes: [Int] = []
    /// From the end of a connection to the next one's handshake, nanoseconds.
    private(set) var absences: [Int64] = []

    private let epoch: String
    private var waiting: [(index: Int, due: Int64)] = []
    private var leftAt: [Int: Int64] = [:]
    private var wish: Int?

    /// - Parameter epoch: The first part of the server's cursors.
    init(epoch: String) { self.epoch = epoch }

    /// Where a client asks for what comes after an event.
    func path(behind seq: Int) -> String { "/?since=\(epoch):\(seq)" }

    /// Reads the reason of a close frame.
    mutating func note(close range: Range<Int>, _ bytes: Span<UInt8>) {
        let reason = String(decoding: range.dropFirst(2).map { bytes[$0] }, as: UTF8.self)
        wish = reason.hasPrefix("retry_ms=") ? Int(reason.dropFirst(9)) : nil
        if let wish { wishes.append(wish) }
    }

    /// A client's connection has ended.
    mutating func left(_ index: Int, now: Int64) {
        closes += 1
        leftAt[index] = leftAt[index] ?? now
        waiting.append((index, now + Int64(wish ?? Int.random(in: 0..<250)) * 1_000_000))
        wish = nil
    }

    /// Nothing listens; a moment later again.
    mutating func refused(_ index: Int, now: Int64) {
        refusals += 1
        waiting.append((index, now + Int64.random(in: 50..<150) * 1_000_000))
    }

    /// A client has been let in, for the first time or again.
    mutating func back(_ index: Int, now: Int64) {
        if let left = leftAt.removeValue(forKey: index) { absences.append(now - left) }
    }

    /// The client that is to come back now.
    mutating func takeDue(now: Int64) -> [Int] {
        guard !waiting.isEmpty else { return [] }
        let due = waiting.filter { $0.due <= now }.map(\.index)
        if !due.isEmpty { waiting.removeAll { $0.due <= now } }
        return due
    }
}
