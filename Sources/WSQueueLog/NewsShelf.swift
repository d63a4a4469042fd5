internal import WSQueueCore

/// The messages of the latest news of channels, which only those are sent who were there: live, or at the end of a replay
/// that began before. So no file has them, and there are no more of them than replays may need.
struct NewsShelf {
    private var news: [(seq: UInt64, message: [UInt8])] = []
    private var bytes = 0
    /// Where the first is: those before it are gone.
    private var start = 0

    /// More than this is not kept.
    private static let limitBytes = 1_048_576

    mutating func add(_ seq: UInt64, _ message: [UInt8]) {
        news.append((seq, message))
        bytes += message.count
        while bytes > Self.limitBytes {
            bytes -= news[start].message.count
            news[start].message = []
            start += 1
        }
        guard start > news.count / 2 else { return }
        news.removeFirst(start)
        start = 0
    }

    /// The message of the news with this number; `nil` where it is gone.
    subscript(seq: UInt64) -> [UInt8]? {
        let place = news.partitionPoint { $0.seq >= seq }
        return place >= start && place < news.count && news[place].seq == seq ? news[place].message : nil
    }
}
