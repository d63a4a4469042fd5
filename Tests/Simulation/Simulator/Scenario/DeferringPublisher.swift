import Glibc
import History
import WSQueueCore
import WSQueueSpool
import WSQueueSystem

/// A process whose events wait: for their time, for a word, for an operator; some are taken back. Some of its files are no
/// events until somebody mends them. After a power cut it goes on behind the one it had begun.
final class DeferringPublisher {
    let index: Int
    private(set) var isDone = false
    private var next = 0
    /// What an operator holds back.
    private var heldName: String?
    /// What was taken back: a power cut may undo that.
    private var takenBack: [EventNumber] = []
    private unowned let scenario: Scenario
    private let kernel: Kernel

    private static let events = 8
    private static let burst = 150
    private static let patienceNanoseconds: Int64 = 90_000_000_000

    private enum Kind: CaseIterable {
        /// A file that is named by its event's id, twice.
        case named
        case later
        case cancelled
        case held
        case aborted
        case heldByOperator
        case removedByOperator
        case mended
        case refused
        /// More files than the server deletes by itself.
        case burst
        /// What the server may not read, and what is no file at all.
        case unreadable, directory
        /// What its publisher may not publish.
        case forbidden
    }

    /// Of these one is drawn for each event, unless there are odd files or rules.
    private static let usual = Kind.allCases.prefix { $0 != .unreadable }

    init(index: Int, in scenario: Scenario) {
        self.index = index
        self.scenario = scenario
        kernel = scenario.kernel
    }

    /// The whole machine was down: what was taken back may be there again.
    func notePowerCut() { for event in takenBack { begin(event) } }

    /// Starts the process.
    func start() {
        kernel.spawn("publisher\(index)", owner: .publisher(index)) { [self] in
            do {
                try publish()
            } catch {
                scenario.fail("publisher \(index): \(error)")
            }
        }
    }

    private func publish() throws {
        // One that is connected gets everything: whatever is published before may be trimmed before it comes.
        kernel.pause { [scenario] in scenario.areClientsReady }
        let directory = try scenario.openQueue("/q")
        let writer = SpoolWriter(directory, durability: .full, names: scenario.names)
        if let heldName { try release(heldName, in: directory) }
        while next < Self.events {
            next += 1
            // They come in the order of their times, and not of their publication.
            let event = EventNumber(publisher: 100 * index + next, number: 0)
            let kind = drawKind()
            let isBurst = kind == .burst && kernel.random.chance(perMille: 300)
            try publish(event, kind != .burst || isBurst ? kind : .named, writer)
            rest(upTo: 100_000_000)
        }
        isDone = true
    }

    private func drawKind() -> Kind {
        let extras = scenario.profile.extras
        if extras.hasOddFiles, kernel.random.chance(perMille: 300) {
            return kernel.random.pick([.unreadable, .directory])
        }
        if extras.hasForbiddenEvents, kernel.random.chance(perMille: 300) { return .forbidden }
        return kernel.random.pick(Array(Self.usual))
    }

    private func publish(_ event: EventNumber, _ kind: Kind, _ writer: SpoolWriter) throws {
        begin(event)
        let hasID = kernel.random.chance(perMille: 500)
        let isLong = scenario.profile.extras.hasOddFiles && kernel.random.chance(perMille: 300)
        let tail = isLong ? String(repeating: "é", count: 60) : "x"
        let id = hasID ? "e:\(event.publisher)/\(tail)" : nil
        let text = Self.text(event, id: id)
        switch kind {
        case .named:
            // Two users may give the same one.
            let isShared = scenario.profile.extras.hasOddFiles && kernel.settings.hasUsers
            let name = "n\(isShared ? event.publisher % 100 : event.publisher)"
            for _ in 0..<2 {
                _ = try writer.write(
                    Self.text(event, id: name).span, suffix: .event, at: SpoolPlace(identity: name))
            }
            end(event)
        case .later, .cancelled, .heldByOperator, .removedByOperator:
            let due = kernel.unix + 1_000_000_000 * Int64(kind == .later ? kernel.random.below(4) : 4)
            if SpoolPlace.isTooFarAhead(due, unix: kernel.unix) {
                scenario.fail("publisher \(index): \(due) is too far ahead")
            }
            scenario.earliest[event] = due
            let entry = try writer.write(
                text.span, suffix: .event, at: SpoolPlace(identity: id, dueNanoseconds: due))
            rest(upTo: 1_000_000_000)
            // What is due may be on its way.
            if kind == .later || kernel.unix > due - 1_000_000_000 { return end(event) }
            try change(event, kind, entry, id, writer)
        case .held, .aborted: try hold(event, text, isReleased: kind == .held, writer)
        case .burst: try publishMany(event.publisher, writer.directory)
        case .mended, .refused, .unreadable, .directory, .forbidden: try publishBroken(event, text, kind, writer)
        }
    }

    private func change(
        _ event: EventNumber, _ kind: Kind, _ entry: SpoolEntry, _ id: String?, _ writer: SpoolWriter
    ) throws {
        let keeper = SpoolKeeper(writer.directory, unix: kernel.unix)
        switch kind {
        case .cancelled:
            guard try writer.cancel(id ?? entry.stem.description, unix: kernel.unix) else {
                return scenario.fail("publisher \(index): \(entry.stem) waits and cannot be cancelled")
            }
            takeBack(event)
            if let id { try publish(insteadOf: event, id: id, writer) }
        case .removedByOperator:
            try keeper.remove(keeper.find(id ?? "\(entry.stem).json", [.waiting, .later]))
            takeBack(event)
        default:
            try keeper.hold(keeper.find("\(entry.stem)", [.waiting, .later]))
            heldName = "\(entry.stem).json"
            rest(upTo: 5_000_000_000)
            try release("\(entry.stem).json", in: writer.directory)
            // An operator's renames are not brought to the disk.
            scenario.note(.publish(event, .ok(.kill)))
        }
    }

    /// Publishes another event for another time, whose file has the name of the one that was taken back.
    private func publish(insteadOf event: EventNumber, id: String, _ writer: SpoolWriter) throws {
        let other = EventNumber(publisher: event.publisher + 20, number: 0)
        begin(other)
        let due = kernel.unix + 500_000_000 * Int64(kernel.random.below(16))
        scenario.earliest[other] = due
        _ = try writer.write(
            Self.text(other, id: id).span, suffix: .event, at: SpoolPlace(identity: id, dueNanoseconds: due))
        end(other)
    }

    private func publishMany(_ publisher: Int, _ directory: Directory) throws {
        let writer = SpoolWriter(directory, names: scenario.names)
        for number in 0..<Self.burst {
            let event = EventNumber(publisher: publisher, number: number)
            begin(event)
            _ = try writer.write(Self.text(event, id: nil).span, suffix: .event)
            scenario.note(.publish(event, .ok(.kill)))
        }
    }

    /// Brings back what an operator has held back.
    private func release(_ name: String, in directory: Directory) throws {
        heldName = nil
        let keeper = SpoolKeeper(directory, unix: kernel.unix)
        do {
            try keeper.release(keeper.find(name, [.held]))
        } catch SpoolKeeper.Fault.notFound where scenario.checker.counts.powerCuts > 0 {
            // It was not held yet on the disk.
        }
    }

    private func hold(_ event: EventNumber, _ text: [UInt8], isReleased: Bool, _ writer: SpoolWriter) throws {
        scenario.earliest[event] = .max
        let (stem, random) = (writer.nextStem(), HeldName.random())
        var file = try writer.begin(.event)
        try file.append(text.span)
        _ = try file.ready(held: stem, random).reveal()
        rest(upTo: 1_000_000_000)
        let word = "\(stem).\(random)"
        guard isReleased else {
            if try !writer.abort(word) { scenario.fail("publisher \(index): \(word) is not held") }
            return takeBack(event)
        }
        guard let held = writer.held(word) else {
            return scenario.fail("publisher \(index): \(word) is not held")
        }
        scenario.earliest[event] = nil
        _ = try writer.release(held)
        end(event)
    }

    /// Publishes what is no event, and finds it set aside.
    private func publishBroken(
        _ event: EventNumber, _ text: [UInt8], _ kind: Kind, _ writer: SpoolWriter
    ) throws {
        scenario.earliest[event] = .max
        let name = try write(text, kind, writer)
        let end = kernel.now + Self.patienceNanoseconds
        kernel.pause(until: end) { [kernel] in kernel.failed[name] != nil }
        guard kernel.failed[name] != nil else {
            return scenario.fail("publisher \(index): \(name) is not set aside")
        }
        if kernel.failed["\(name).why"]?.contents.isEmpty ?? true, kernel.diskErrors == 0 {
            scenario.fail("publisher \(index): \(name) is set aside without a reason")
        }
        rest(upTo: 3_000_000_000)
        let keeper = SpoolKeeper(writer.directory, unix: kernel.unix)
        guard kind == .mended || kind == .unreadable else {
            try keeper.remove(keeper.find(".failed/\(name)", [.failed]))
            return takeBack(event)
        }
        scenario.earliest[event] = nil
        write(text, "/q/.failed/\(name)")
        try requeue(".failed/\(name)", keeper)
        scenario.note(.publish(event, .ok(.kill)))
    }

    /// What is no event, or not yet.
    private func broken(_ text: [UInt8]) -> [UInt8] {
        switch kernel.random.below(5) {
        case 0: []
        case 1: Array(text.dropLast(3))
        case 2: text + [0x7D]
        case 3: text.map { $0 == 0x78 ? 0xFF : $0 }
        default: text + [UInt8](repeating: 0x20, count: 9_000)
        }
    }

    private func write(_ text: [UInt8], _ kind: Kind, _ writer: SpoolWriter) throws -> String {
        switch kind {
        case .unreadable:
            let name = "\(writer.nextStem()).json"
            var file = try AtomicFile.create(FileName(".\(name)"), in: writer.directory, durability: .full)
            try file.append(text.span)
            try file.seal(mode: 0)
            try file.reveal(as: FileName(name), replacing: true)
            return name
        case .directory:
            let name = "\(writer.nextStem()).json"
            while mkdir("/q/\(name)", 0o755) != 0 { kernel.pause { [kernel] in kernel.isQueueThere } }
            return name
        case .forbidden:
            let other = Array("{\"event\":\"f\"".utf8) + text.dropFirst(12)
            // In a batch what is before it is sent; here it is the first line.
            let isBatch = kernel.random.chance(perMille: 500)
            return "\(try writer.write(other.span, suffix: isBatch ? .batch : .event)).json" + (isBatch ? "l" : "")
        default: return "\(try writer.write(broken(text).span, suffix: .event)).json"
        }
    }

    private func requeue(_ path: String, _ keeper: SpoolKeeper) throws {
        do {
            _ = try keeper.requeue(keeper.find(path, [.failed]))
        } catch SpoolKeeper.Fault.notFound {
            // The server has brought it back, as it does once it is whole.
        }
    }

    /// Writes over a file, as an editor does.
    private func write(_ text: [UInt8], _ path: String) {
        func repeating(_ call: () -> Int) -> Int {
            while true {
                let result = call()
                guard result < 0, errno == EINTR else { return result }
            }
        }
        kernel.pause { [kernel] in kernel.isQueueThere }
        let file = Int32(repeating { Int(open(path, O_WRONLY)) })
        guard file >= 0, repeating({ Int(ftruncate(file, 0)) }) == 0 else {
            return scenario.fail("publisher \(index): \(path) cannot be mended")
        }
        var rest = text[...]
        while !rest.isEmpty {
            let written = repeating {
                Array(rest).withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
            }
            guard written > 0 else { return scenario.fail("publisher \(index): \(path) cannot be written") }
            rest = rest.dropFirst(written)
        }
        _ = fchmod(file, 0o644)
        close(file)
    }

    // MARK: What is written down

    private func begin(_ event: EventNumber) {
        scenario.note(.publish(event, .invoked(hash: Bytes.hash(Self.payload(event)), channel: nil)))
    }

    private func end(_ event: EventNumber) { scenario.note(.publish(event, .ok(.power))) }

    private func takeBack(_ event: EventNumber) {
        takenBack.append(event)
        scenario.note(.publish(event, .failed))
    }

    private func rest(upTo nanoseconds: Int) {
        kernel.pause(until: kernel.now + Int64(kernel.random.below(nanoseconds)))
    }

    private static func text(_ event: EventNumber, id: String?) -> [UInt8] {
        let id = id.map { ",\"id\":\"\($0)\"" } ?? ""
        return Array("{\"event\":\"e\",\"payload\":".utf8) + payload(event) + Array("\(id)}".utf8)
    }

    private static func payload(_ event: EventNumber) -> [UInt8] {
        Array("{\"p\":\(event.publisher),\"n\":\(event.number),\"x\":\"later\"}".utf8)
    }
}

extension Kernel {
    /// What is in `.failed/`.
    var failed: [String: Inode] { queue.entries[".failed"]?.entries ?? [:] }
}
