import Glibc
import History
import WSQueueNet
import WSQueueOperation
import WSQueueServer
import WSQueueSpool
import WSQueueSystem

/// Damages a journal in one place, after the machine went down, and sees what a server makes of it: it tells exactly what is
/// there and says what is not, or it refuses to start with a reason.
///
/// The journal has lost its oldest segments, so that the state of some keys is only beside those that are left. Each bit of
/// each byte of each file is turned over, each file is cut at each length, and of the newest record only a beginning of each
/// length is on the disk, before zeros or what was there before.
final class DamageTrial {
    /// What is done to a file.
    private enum Damage {
        case flip(bit: Int, byte: Int)
        case cut(length: Int)
        case tear(length: Int, Old)
    }

    /// What is behind the beginning of the newest record, up to where its end would be.
    private enum Old: CaseIterable {
        case zeros
        /// What a file that has gone had at this place: whole records may begin anywhere.
        case oldestRecords
        /// The record before once more, with its number and a checksum that is right.
        case precedingRecord
    }

    /// What one server did.
    enum Verdict {
        /// It told everything that it was asked.
        case told
        /// It did not start, and said why.
        case refused
        case wrong(String)
    }

    private let files: [(name: String, contents: [UInt8])]
    private let truth: JournalTruth
    /// Which file the newest record is in, where it is, and the one before it.
    private let newest: (file: Int, record: Range<Int>, preceding: [UInt8])
    /// How many cases there are.
    let count: Int

    /// Makes the journal.
    init() {
        let machine = DamageMachine(journal: [], boot: 1)
        truth = machine.build()
        files = machine.journal
        newest = Self.newestRecord(in: files)
        count = files.reduce(0) { $0 + 9 * $1.contents.count } + Old.allCases.count * newest.record.count
    }

    /// What the journal is.
    var line: String {
        files.map { "\($0.name): \($0.contents.count) bytes" }.joined(separator: ", ")
            + "; events \(truth.preceding + 1) to \(truth.last), the last of \(newest.record.count) bytes, "
            + "\(truth.keys.count) keys"
    }

    /// Tries a case, and says which it is.
    func run(_ number: Int) -> (text: String, verdict: Verdict) {
        let (file, damage) = damage(number)
        var journal = files
        switch damage {
        case .flip(let bit, let byte): journal[file].contents[byte] ^= 1 << UInt8(bit)
        case .cut(let length): journal[file].contents.removeLast(journal[file].contents.count - length)
        case .tear(let length, let old):
            let torn = newest.record.dropFirst(length)
            journal[file].contents.replaceSubrange(torn, with: bytes(old).suffix(torn.count))
        }
        let verdict = DamageMachine(journal: journal, boot: 2).judge(truth)
        return ("\(files[file].name), \(damage)", verdict)
    }

    /// What the journal itself says, without damage.
    func runUndamaged() -> Verdict { DamageMachine(journal: files, boot: 2).judge(truth) }

    private func damage(_ number: Int) -> (file: Int, Damage) {
        var rest = number
        for (index, file) in files.enumerated() {
            let size = file.contents.count
            if rest < 8 * size { return (index, .flip(bit: rest % 8, byte: rest / 8)) }
            rest -= 8 * size
            if rest < size { return (index, .cut(length: rest)) }
            rest -= size
        }
        let old = Old.allCases[rest / newest.record.count]
        return (newest.file, .tear(length: rest % newest.record.count, old))
    }

    /// As many bytes as the newest record has.
    private func bytes(_ old: Old) -> [UInt8] {
        let source: ArraySlice<UInt8>
        switch old {
        case .zeros: return [UInt8](repeating: 0, count: newest.record.count)
        case .oldestRecords:
            let oldest = files.first { $0.name.hasSuffix(".segment") }?.contents ?? []
            source = oldest.dropFirst(JournalBytes.header)
        case .precedingRecord: source = newest.preceding[...]
        }
        return (0..<newest.record.count).map { source[source.startIndex + $0 % source.count] }
    }

    private static func newestRecord(
        in files: [(name: String, contents: [UInt8])]
    ) -> (file: Int, record: Range<Int>, preceding: [UInt8]) {
        var records: [(seq: UInt64, file: Int, range: Range<Int>)] = []
        for (file, (name, contents)) in files.enumerated() where name.hasSuffix(".segment") {
            var offset = JournalBytes.header
            while let record = JournalBytes.record(in: contents, at: offset) {
                records.append((record.seq, file, offset..<record.end))
                offset = record.end
            }
        }
        records.sort { $0.seq < $1.seq }
        guard let last = records.popLast(), let preceding = records.last else { return (0, 0..<0, []) }
        return (last.file, last.range, Array(files[preceding.file].contents[preceding.range]))
    }
}

/// What a journal says.
struct JournalTruth {
    struct Event: Equatable {
        let text: [UInt8]
        let key: String?
    }

    var epoch = ""
    /// The last number before the oldest record.
    var preceding: UInt64 = 0
    var last: UInt64 = 0
    var events: [UInt64: Event] = [:]
    /// The number of the event that is the state of each key.
    var keys: [String: UInt64] = [:]
}

/// A machine with one queue, on which a server is asked some questions.
private final class DamageMachine {
    private let kernel: Kernel
    private var refusal: String?
    private var isDone = false
    /// The last of these has no key, and is in a segment that is still written to.
    private static let eventsOfBuild = 35
    private static let journalBytes = 2_048

    init(journal: [(name: String, contents: [UInt8])], boot: Int) {
        var settings = Kernel.Settings()
        settings.switchPerMille = 20
        settings.syncNanoseconds = 100_000
        kernel = Kernel(random: Randomness(seed: 1), settings: settings)
        kernel.boots[0] = boot
        guard !journal.isEmpty else { return }
        let directory = kernel.makeInode(isDirectory: true, mode: 0o700)
        kernel.change(kernel.queue, [(".journal", directory)])
        for (name, contents) in journal {
            let inode = kernel.makeInode(isDirectory: false, mode: 0o600)
            inode.contents = contents
            inode.durableContents = contents
            kernel.change(directory, [(name, inode)])
        }
    }

    /// The files of the journal, in the order of their names.
    var journal: [(name: String, contents: [UInt8])] {
        let entries = kernel.queue.entries[".journal"]?.entries ?? [:]
        return entries.filter { !$0.value.isDirectory }.map { ($0.key, $0.value.contents) }.sorted { $0.name < $1.name }
    }

    /// Lets a server write a journal, which is killed.
    func build() -> JournalTruth {
        var truth = JournalTruth()
        play { [self] in
            let all = DamageReader(kernel)
            all.open("/")
            _ = all.hear { $0.welcome != nil }
            for number in 0..<Self.eventsOfBuild {
                publish(number)
                if number % 5 == 4 { kernel.pause(until: kernel.now + 300_000_000) }
            }
            _ = all.hear { $0.events.count == Self.eventsOfBuild }
            // What is too much goes once the files have.
            kernel.pause { [kernel] in kernel.queue.entries.keys.allSatisfy { $0.hasPrefix(".") } }
            kernel.pause(until: kernel.now + 3_000_000_000)
            truth.epoch = all.heard.welcome?.epoch ?? ""
            for (seq, event) in all.heard.events {
                truth.events[seq] = event
                truth.last = max(truth.last, seq)
                if let key = event.key { truth.keys[key] = max(truth.keys[key] ?? 0, seq) }
            }
        }
        let segments = journal.filter { $0.name.hasSuffix(".segment") }
        truth.preceding = segments.compactMap { UInt64($0.name.dropLast(8).split(separator: "-")[1]) }.min() ?? 0
        return truth
    }

    /// Keys in the first events, some of which have no later one, and now and then in the others.
    private static func text(_ number: Int) -> String {
        let key = number < 6 ? "k\(number % 4)" : number % 9 == 0 ? "k\(number % 2)" : nil
        let state = key.map { ",\"key\":\"\($0)\"" } ?? ""
        return "{\"event\":\"e\",\"payload\":{\"n\":\(number)}\(state)}"
    }

    private func publish(_ number: Int) {
        do {
            let names = SpoolNameSource(random: UInt32(number))
            let writer = SpoolWriter(try Directory.openUnlisted("/q"), durability: .full, names: names)
            _ = try writer.write(Array(Self.text(number).utf8).span, suffix: .event)
        } catch {
            refusal = "publishing: \(error)"
        }
    }

    /// Asks a server about the journal.
    func judge(_ truth: JournalTruth) -> DamageTrial.Verdict {
        var fault: String?
        play { [self] in fault = findFault(truth) }
        if let refusal { return refusal.isEmpty ? .wrong("refused without a reason") : .refused }
        if !isDone { return .wrong("no answer") }
        return fault.map { .wrong($0) } ?? .told
    }

    private func findFault(_ truth: JournalTruth) -> String? {
        let past = DamageReader(kernel)
        past.open("/?since=\(truth.epoch):0")
        guard past.hear({ $0.resumed != nil }) else { return "no answer about the past" }
        if let fault = past.heard.faultOfPast(truth) { return fault }
        let state = DamageReader(kernel)
        state.open("/?state=1")
        guard state.hear({ $0.state != nil }) else { return "no state" }
        if let fault = state.heard.faultOfState(truth) { return fault }
        publish(Self.eventsOfBuild)
        kernel.pause(until: kernel.now + 10_000_000_000) { [kernel] in
            kernel.queue.entries.keys.allSatisfy { $0.hasPrefix(".") }
        }
        // One that had everything.
        let next = DamageReader(kernel)
        next.open("/?since=\(truth.epoch):\(truth.last)")
        guard next.hear({ $0.resumed != nil }) else { return "no answer about what is new" }
        return next.heard.faultOfNews(truth)
    }

    private func play(_ questions: @escaping () -> Void) {
        Simulator.kernel = kernel
        kernel.spawn("server", owner: .server) { [self] in
            var configuration = Configuration()
            configuration.queuePath = "/q"
            configuration.threads = 1
            configuration.eventLines = .off
            configuration.journalBytes = Self.journalBytes
            configuration.slowClients.limitBytes = 65_536
            do {
                let log = try Log(level: .info, format: .text, destination: .file("/log"))
                var server = try Server(
                    configuration, log: log, signals: try Signals(), manager: ServiceManager())
                try server.run()
                refusal = ""
            } catch {
                refusal = "\(error)"
            }
        }
        kernel.spawn("questions", owner: .world) { [self] in
            questions()
            isDone = true
        }
        let end = kernel.now + 600_000_000_000
        while !isDone, refusal == nil, kernel.now < end, kernel.step() {}
        kernel.kill(.server)
        kernel.end()
        Simulator.kernel = nil
    }
}
