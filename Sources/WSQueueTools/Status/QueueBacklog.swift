internal import WSQueueSpool
internal import WSQueueSystem

/// What waits in a queue for something else than the server: for its time, or for a word. The server counts neither, which
/// would cost it a look at every name; who asks here may look himself.
struct QueueBacklog: Equatable {
    /// The queue.
    let path: String
    private let held: Int
    private let later: Int
    /// When the first of those is due that wait for their time, from now.
    private let nextNanoseconds: Int64?

    /// Looks into a queue; `nil` where this user may not list it.
    init?(_ queue: Directory, unix: Int64) {
        guard let listed = try? Directory.open(queue.path), let held = try? Self.count(.held, in: listed, unix),
            let later = try? Self.count(.later, in: listed, unix)
        else { return nil }
        self.init(
            path: Directory.canonicalPath(of: queue.path) ?? queue.path, held: held.count, later: later.count,
            nextNanoseconds: later.first.map { $0 - unix })
    }

    init(path: String, held: Int, later: Int, nextNanoseconds: Int64?) {
        self.path = path
        self.held = held
        self.later = later
        self.nextNanoseconds = nextNanoseconds
    }

    /// For the row about the queue; empty where nothing waits so.
    var text: String {
        let next = nextNanoseconds.map { " (the next in \(StatusPage.span(milliseconds: $0 / 1_000_000)))" } ?? ""
        return (held > 0 ? ", \(held) held" : "") + (later > 0 ? ", \(later) later\(next)" : "")
    }

    private static func count(
        _ state: SpoolItem.State, in queue: Directory, _ unix: Int64
    ) throws(SystemCallError) -> (count: Int, first: Int64?) {
        var inventory = try SpoolInventory(queue, state, unix: unix)
        var (count, first) = (0, Int64?.none)
        while case let page = try inventory.nextPage(), !page.isEmpty {
            count += page.count
            first = first ?? page.first?.nanoseconds
        }
        return (count, first)
    }
}
