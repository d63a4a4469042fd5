import Glibc
import History
import WSQueueLog
import WSQueueSpool
import WSQueueSystem

/// The person who runs the server: asks it how it stands, has it read its files again, sets its log aside, looks into queue
/// and journal while it works, and has the queue's directory away for a while.
final class SimulatedOperator {
    static let owner = Owner.publisher(70)
    private(set) var isDone = false
    private var actsLeft: Int
    /// Which event the journal has had at a place.
    private var seen: [String: EventNumber] = [:]
    private unowned let scenario: Scenario
    private let kernel: Kernel

    private static let patienceNanoseconds: Int64 = 30_000_000_000

    private enum Act: CaseIterable {
        case report, reload, rotate, readJournal, listQueue, moveQueue
    }

    init(in scenario: Scenario) {
        self.scenario = scenario
        kernel = scenario.kernel
        actsLeft = scenario.profile.operatorActs
    }

    func start() {
        kernel.spawn("operator", owner: Self.owner) { [self] in
            kernel.pause { [scenario] in scenario.areClientsReady }
            while actsLeft > 0 {
                actsLeft -= 1
                rest(upTo: 1_500_000_000)
                do {
                    try act(kernel.random.pick(Act.allCases))
                } catch {
                    scenario.fail("operator: \(error)")
                }
            }
            isDone = true
        }
    }

    private func rest(upTo nanoseconds: Int) {
        kernel.pause(until: kernel.now + Int64(kernel.random.below(nanoseconds)))
    }

    private func act(_ act: Act) throws {
        switch act {
        case .report: ask(SIGUSR1, answer: "ev=server.status")
        case .reload: ask(SIGHUP, answer: nil)
        case .rotate:
            guard let log = kernel.root.entries["log"] else { return }
            kernel.change(kernel.root, [("log", nil), ("log.\(actsLeft)", log)])
            ask(SIGHUP, answer: nil)
        case .readJournal: try readJournal()
        case .listQueue: try listQueue()
        case .moveQueue:
            // A server that starts meanwhile would make another one.
            guard kernel.listener != nil, !kernel.hasOnePort else { return }
            kernel.moveQueueAway()
            rest(upTo: 3_000_000_000)
            kernel.bringQueueBack()
            if scenario.profile.extras.hasOtherHolder { holdQueue() }
        }
    }

    /// A server that was started by mistake has the queue for a while; ours takes it when that has ended.
    private func holdQueue() {
        guard let lock = kernel.queue.entries[".lock"], lock.lock == nil else { return }
        let holder = OpenFile(.file(lock), owner: .world)
        kernel.otherHolder = holder
        lock.lock = holder
        rest(upTo: 3_000_000_000)
        if lock.lock === holder { lock.lock = nil }
        kernel.otherHolder = nil
    }

    /// Sends a signal, and waits for a line of the log about it, or for a log where there is none.
    private func ask(_ signal: Int32, answer: StaticString?) {
        let before = answer.map(count) ?? 0
        let (starts, errors) = (scenario.startCount, kernel.errors)
        // One that is about to end hears no more.
        guard let owner = kernel.listener?.owner, !scenario.isStopping(owner), kernel.send(signal, to: owner) else {
            return
        }
        func isAnswered() -> Bool {
            answer.map { count($0) > before } ?? (kernel.root.entries["log"] != nil)
        }
        func hasChanged() -> Bool {
            scenario.startCount > starts || scenario.isStopping(owner) || kernel.errors > errors
        }
        kernel.pause(until: kernel.now + Self.patienceNanoseconds) { isAnswered() || hasChanged() }
        if !isAnswered(), !hasChanged() { scenario.fail("operator: signal \(signal) had no effect") }
    }

    private func count(_ text: StaticString) -> Int {
        var count = 0
        // One that could not open another goes on with the old one.
        for (name, log) in kernel.root.entries where name.hasPrefix("log") {
            var rest = log.contents[...]
            while let place = Bytes.find(text, in: rest) {
                count += 1
                rest = rest[(place + 1)...]
            }
        }
        return count
    }

    private func journal() throws -> Directory? {
        if scenario.profile.extras.hasJournalDirectory {
            return kernel.root.entries["journal"] == nil ? nil : try Directory.open("/journal")
        }
        guard kernel.queue.entries[".journal"] != nil else { return nil }
        return try scenario.openQueue("/q").openDirectory(FileName(".journal"))
    }

    /// Reads the journal, as `explain` does; a server may be writing it.
    private func readJournal() throws {
        guard let directory = try journal() else { return }
        let extent = try JournalArchive(directory).read { record, bytes, epoch in
            guard record.kind == .event else { return }
            let message = bytes[record.message]
            guard let publisher = Bytes.number("\"p\":", in: message), let number = Bytes.number("\"n\":", in: message)
            else { return scenario.fail("operator: the journal has \(Bytes.text(message))") }
            let event = EventNumber(publisher: Int(publisher), number: Int(number))
            let before = seen.updateValue(event, forKey: "\(epoch):\(record.seq)") ?? event
            if before != event { scenario.fail("operator: \(event) is at \(record.seq) where \(before) was") }
        }
        let counts = scenario.checker.counts
        if !extent.damaged.isEmpty, counts.powerCuts + counts.diskErrors == 0 {
            scenario.fail("operator: damaged: \(extent.damaged)")
        }
        _ = try JournalArchive(directory).keptEvents(of: extent)
    }

    private func listQueue() throws {
        let directory = try scenario.openQueue("/q")
        for state in SpoolItem.State.allCases {
            var inventory = try SpoolInventory(directory, state, unix: kernel.unix, pageFiles: 2)
            var last: Int64 = 0
            while true {
                let page = try inventory.nextPage()
                guard !page.isEmpty else { break }
                for item in page {
                    if item.nanoseconds < last { scenario.fail("operator: \(item.path) is listed late") }
                    last = item.nanoseconds
                    _ = inventory.glance(at: item)
                    if scenario.profile.extras.hasOddFiles { read(item, in: directory) }
                }
            }
        }
    }

    /// Reads a file of the queue, which may go meanwhile: as long as it stands there this is what is in it.
    private func read(_ item: SpoolItem, in directory: Directory) {
        func inode() -> Inode? { "/q/\(item.path)".withCString { kernel.find($0, in: nil)?.inode } }
        let before = inode()
        let contents = before?.contents
        var bytes: [UInt8] = []
        guard let file = try? SpoolKeeper(directory, unix: kernel.unix).open(item),
            (try? file.readAll(into: &bytes, limitBytes: 1_048_576, object: "")) != nil
        else { return }
        guard let before, before === inode(), before.contents == contents else { return }
        if bytes != before.contents { scenario.fail("operator: \(item.path) reads as \(Bytes.text(bytes))") }
    }
}

extension Stage {
    /// Opens a queue's directory, which may be away.
    func openQueue(_ path: String) throws(SystemCallError) -> Directory {
        while true {
            do throws(SystemCallError) {
                return try Directory.open(path)
            } catch {
                guard error.isNotFound else { throw error }
                kernel.pause(until: kernel.now + 10_000_000)
            }
        }
    }
}
