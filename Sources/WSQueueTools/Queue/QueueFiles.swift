internal import WSQueueArguments
internal import WSQueueCommandLine
internal import WSQueueCore
internal import WSQueueSpool
internal import WSQueueSystem

/// Does something with files that were named, one after the other.
struct QueueFiles {
    let keeper: SpoolKeeper
    private let spool: Directory
    private let unix: Int64
    private let terminal: Terminal

    /// Works in an open queue.
    init(_ spool: Directory, unix: Int64, _ terminal: Terminal) {
        self.spool = spool
        self.unix = unix
        self.terminal = terminal
        keeper = SpoolKeeper(spool, unix: unix)
    }

    /// Finds the file that a word means.
    func find(_ word: String, _ states: [SpoolItem.State]) throws(SpoolKeeper.Fault) -> SpoolItem {
        try keeper.find(word, states)
    }

    /// Does something for every word, also when it fails for some.
    ///
    /// - Returns: The status of the first that failed.
    func each(_ words: [String], _ body: (QueueFiles, String) throws -> Void) -> ExitStatus {
        var status = ExitStatus.success
        for word in words {
            do {
                try body(self, word)
            } catch {
                let failed = report(error, word)
                if status == .success { status = failed }
            }
        }
        return status
    }

    /// Prints a file as it is.
    func print(_ word: String) throws {
        let item = try find(word, [.waiting, .later, .held, .failed])
        let file = try keeper.open(item)
        var buffer = [UInt8](repeating: 0, count: Self.bufferBytes)
        try terminal.write(file: { Array(buffer[..<(try file.read(into: &buffer, from: 0, object: item.path))]) })
    }

    /// Brings back all that was set aside.
    func requeueAll() throws -> ExitStatus {
        var status = ExitStatus.success
        var count = 0
        var inventory = try SpoolInventory(spool, .failed, unix: unix)
        while true {
            let page = try inventory.nextPage()
            if page.isEmpty { break }
            for item in page {
                do throws(SpoolKeeper.Fault) {
                    _ = try keeper.requeue(item)
                    count += 1
                    if count.isMultiple(of: Self.filesAShow) { terminal.show(progress: "\(count) requeued") }
                } catch {
                    let failed = report(error, item.path)
                    if status == .success { status = failed }
                }
            }
        }
        if count >= Self.filesAShow { terminal.show(progress: "") }
        try terminal.write("\(count) requeued\n")
        return status
    }

    private static let bufferBytes = 65_536
    private static let filesAShow = 1_000

    private func report(_ error: any Error, _ word: String) -> ExitStatus {
        let shown = TerminalText.plain(word)
        switch error as? SpoolKeeper.Fault {
        case .notAName:
            terminal.complain("'\(shown)' is no event file of a queue; 'queue ls' shows their names")
            return .usage
        case .notFound:
            terminal.complain("'\(shown)' is not there; it may have been sent, and 'queue ls' shows what is")
            return .noInput
        case .taken(let name):
            terminal.complain("'\(shown)': \(TerminalText.plain(name)) waits already")
            return .inputOutput
        case .notRegular(_, let kind):
            terminal.complain("'\(shown)' is a \(kind), not a regular file")
            return .noInput
        case .system(let cause): return report(cause)
        case nil: return report(error as? SystemCallError)
        }
    }

    private func report(_ cause: SystemCallError?) -> ExitStatus {
        guard let cause else { return .bug }
        let who = cause.isPermission ? " (uid \(Process.user)); the owner of the queue may" : ""
        terminal.complain("\(cause)\(who)")
        return cause.isPermission ? .notPermitted : .inputOutput
    }
}
