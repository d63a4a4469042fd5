package import WSQueueSystem

/// Lists the files of a spool in one state, the oldest first, a page at a time: memory is that of a page, however many
/// files there are, and each page is another listing of the directory.
package struct SpoolInventory {
    /// How many files a page has, about 150 bytes each.
    package static let pageFiles = 16_384

    private let directory: Directory?
    private let state: SpoolItem.State
    private let unix: Int64
    private let limit: Int
    private var last: SpoolItem?
    private var isAtEnd = false

    /// Begins at the front.
    ///
    /// - Parameter unix: Now, Unix nanoseconds: what is due waits for the server, the rest for its time.
    package init(
        _ spool: Directory, _ state: SpoolItem.State, unix: Int64, pageFiles: Int = Self.pageFiles
    ) throws(SystemCallError) {
        directory = try SpoolKeeper.directory(of: state, in: spool)
        self.state = state
        self.unix = unix
        limit = pageFiles
    }

    /// The next page; empty at the end. Files that come meanwhile may be left out, those that go may be among them.
    package mutating func nextPage() throws(SystemCallError) -> [SpoolItem] {
        guard !isAtEnd, let directory else { return [] }
        var found: [SpoolItem] = []
        var cut: SpoolItem?
        try directory.forEachName { bytes in
            guard let item = SpoolItem(bytes, in: directory, as: state, unix: unix) else { return }
            if let last, !last.precedes(item) { return }
            if let cut, cut.precedes(item) { return }
            found.append(item)
            if found.count >= 2 * limit {
                found.sort { $0.precedes($1) }
                found.removeLast(found.count - limit)
                cut = found.last
            }
        }
        found.sort { $0.precedes($1) }
        isAtEnd = cut == nil && found.count <= limit
        if found.count > limit { found.removeLast(found.count - limit) }
        last = found.last
        return found
    }

    /// The status of a file that was listed; `nil` when it has gone.
    package func status(of item: SpoolItem) -> FileStatus? { try? directory?.status(of: item.entry) }

    /// Looks at a file that was listed; `nil` when it has gone.
    package func glance(at item: SpoolItem) -> SpoolGlance? {
        guard let directory, let status = try? directory.status(of: item.entry) else { return nil }
        return SpoolGlance(item, status: status, in: directory)
    }
}
