internal import WSQueueCore
internal import WSQueueSpool
internal import WSQueueSystem

/// Looks for an event's files in a queue, which a server may be working in.
struct QueueLook {
    private let queue: Directory
    private let unix: Int64
    /// What this user may not look at.
    private(set) var unreadable: [String] = []

    init(_ queue: Directory, unix: Int64) {
        self.queue = queue
        self.unix = unix
    }

    /// The files that are meant: those with the name, or with the id's name; where there is none, those that say that id.
    mutating func find(_ word: EventWord) -> [FoundFile] {
        let named = SpoolItem.State.allCases.compactMap { find(word, in: $0) }
        return named.isEmpty ? search(word) : named
    }

    /// How many files come before one; `nil` where they cannot be listed.
    func before(_ item: SpoolItem) -> Int? {
        guard var inventory = try? SpoolInventory(queue, item.state, unix: unix) else { return nil }
        var count = 0
        while let page = try? inventory.nextPage() {
            if page.isEmpty { return count }
            if let place = page.firstIndex(where: { $0.path == item.path }) { return count + place }
            count += page.count
        }
        return nil
    }

    /// Whether an entry of any kind has that name.
    func hasEntry(_ word: EventWord) -> Bool {
        guard !word.text.utf8.contains(UInt8(ascii: "/")), !word.text.utf8.contains(0) else { return false }
        return (try? queue.status(of: FileName(word.text))) != nil
    }

    private mutating func find(_ word: EventWord, in state: SpoolItem.State) -> FoundFile? {
        let keeper = SpoolKeeper(queue, unix: unix)
        do throws(SpoolKeeper.Fault) {
            let item = try keeper.find(word.text, [state])
            guard let inventory = try? SpoolInventory(queue, state, unix: unix) else { return nil }
            return FoundFile(item, keeper, inventory)
        } catch {
            if case .system(let cause) = error { note(cause, state) }
            return nil
        }
    }

    /// Looks into each file: what publishers of other kinds write has an id of its own under any name.
    private mutating func search(_ word: EventWord) -> [FoundFile] {
        let keeper = SpoolKeeper(queue, unix: unix)
        var found: [FoundFile] = []
        for state in SpoolItem.State.allCases {
            do throws(SystemCallError) {
                var inventory = try SpoolInventory(queue, state, unix: unix)
                while case let page = try inventory.nextPage(), !page.isEmpty {
                    for item in page {
                        guard let file = FoundFile(item, keeper, inventory), let id = file.contents?.id,
                            word.means(Array(id.utf8))
                        else { continue }
                        found.append(file)
                    }
                }
            } catch {
                note(error, state)
            }
        }
        return found
    }

    private mutating func note(_ error: SystemCallError, _ state: SpoolItem.State) {
        guard error.isPermission else { return }
        let path = state == .failed ? queue.path(of: FailedFiles.directoryName) : queue.path
        if !unreadable.contains(path) { unreadable.append(path) }
    }
}
