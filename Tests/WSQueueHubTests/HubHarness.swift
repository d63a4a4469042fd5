import Foundation
import WSQueueBroker
import WSQueueCore
import WSQueueHub
import WSQueueLog
import WSQueueNet
import WSQueueOperation
import WSQueueSequencer
import WSQueueSystem
import WSQueueWire

/// A hub with a queue of its own, whose clocks a test sets and whose only event loop is the test.
final class HubHarness {
    let path: String
    let publications: PublicationLog
    let marks = ReaderMarks(count: 1)
    let status = StatusBoard(loopCount: 1)
    let gate: Gate
    let presence = SharedPresence(PresenceRule())
    let history: Journal
    private(set) var renumberings = Renumberings()
    private let log: Log
    private let logPath: String
    private var hub: Hub
    /// Monotonic and Unix nanoseconds.
    var now: Int64 = 1_000_000_000
    var unix = Clock.unixNanoseconds()
    private var read: UInt64 = 0

    /// Counts how often the loops were told that the numbers go on elsewhere.
    final class Renumberings: @unchecked Sendable { var count = 0 }

    init(
        _ path: String, isShared: Bool = false, journal storage: JournalStorage = .memory, syncer: Bool = false,
        payloadKey: String = "payload", publishers: PublisherPolicy? = nil,
        _ change: (inout Configuration) -> Void = { _ in }
    ) throws {
        var configuration = Configuration()
        configuration.queuePath = "\(path)/queue"
        configuration.usesNotices = false
        configuration.eventLimitBytes = 65_536
        change(&configuration)
        self.path = configuration.queuePath
        logPath = "\(path)/log"
        try FileManager.default.createDirectory(atPath: self.path, withIntermediateDirectories: true)
        log = try Log(level: .debug, format: .text, destination: .file(logPath))
        let writer = try JournalWriter(
            storage, limits: JournalLimits(events: 100), epoch: "e", unix: unix, boot: "b", isShared: isShared)
        history = writer.journal
        publications = try PublicationLog(minimumBytes: configuration.ringBytes, seq: history.inheritedSeq)
        gate = Gate(isAdmitting: !isShared)
        let wakeup = try Wakeup()
        let renumberings = Renumberings()
        let ports = HubPorts(
            log: log, marks: marks,
            readers: ReadersPort(wakeups: [try Wakeup()]) { _ in renumberings.count += 1 },
            held: HeldTime(), gate: gate,
            status: status, presence: presence, hubWakeup: wakeup,
            syncer: syncer ? try JournalSyncer(hubWakeup: wakeup) : nil, publishers: publishers)
        let sequencer =
            isShared
            ? Sequencer(
                epoch: history.epoch, after: history.inheritedSeq,
                sharing: SharedOrder(stream: "s", state: "{s}:state", limits: KeptLimits(), aheadEvents: 50))
            : Sequencer(epoch: history.epoch, after: history.inheritedSeq)
        hub = Hub(
            configuration, ports, sequencer: sequencer,
            recorder: Recorder(publications, writer, payloadKey: payloadKey), link: nil)
        self.renumberings = renumberings
        let directory = try Directory.open(self.path)
        try hub.open(directory, try QueueLock.take(directory, log))
    }

    var seq: UInt64 { hub.seq }
    var waitingCount: Int { hub.waitingCount }
    var isFinished: Bool { hub.isFinished }
    var noticeNumber: Int32? { hub.noticeNumber }

    /// Puts a file into the queue as a publisher does.
    func place(_ name: String, _ text: String) throws {
        let hidden = URL(fileURLWithPath: "\(path)/.\(name)")
        try Data(text.utf8).write(to: hidden)
        try FileManager.default.moveItem(at: hidden, to: URL(fileURLWithPath: "\(path)/\(name)"))
    }

    /// The visible names in the queue.
    var names: [String] {
        let all = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        return all.filter { !$0.hasPrefix(".") }.sorted()
    }

    /// The names in `.failed/`, reasons apart.
    var failed: [String] {
        let all = (try? FileManager.default.contentsOfDirectory(atPath: "\(path)/.failed")) ?? []
        return all.filter { $0.hasSuffix(".json") || $0.hasSuffix(".jsonl") }.sorted()
    }

    /// One turn, after some time; then the loop takes all there is, unless it is slow.
    func turn(after milliseconds: Int64 = 200, _ news: [StreamNews] = [], isLoopSlow: Bool = false) {
        now += milliseconds * 1_000_000
        unix += milliseconds * 1_000_000
        hub.turn(hasNotices: true, news, now: now, unix: unix)
        if !isLoopSlow { marks.passed(publications.end, pace: publications.end, by: 0, now: now) }
    }

    /// Turns until a condition holds: another thread has a part in it.
    func turn(until isMet: () -> Bool) {
        while !isMet() {
            turn()
            Clock.pause()
        }
    }

    func stopTaking() { hub.stopTaking() }

    func finishTurn() {
        now += 1_000_000
        hub.finishTurn([], now: now, unix: unix)
        marks.passed(publications.end, pace: publications.end, by: 0, now: now)
    }

    func close() { hub.close() }
    func writeSum() { hub.writeSum() }
    var canGoOn: Bool { hub.canGoOn }
    func sleepMilliseconds() -> Int32 { hub.sleepMilliseconds(now: now) }

    /// What has been published since the last call, with whom it is for.
    func published() -> [(text: String, audience: Audience)] {
        let snapshot = publications.snapshot(since: read)
        let selections = Array(snapshot.selections)
        var frames: [(String, Audience)] = []
        while read < snapshot.end {
            let length = frameLength(at: read)
            let text = publications.ring.read(at: read, count: length) { frame in
                let payload = frame.extracting(FrameEncoder.payloadStart(in: frame)...)
                return String(decoding: (0..<payload.count).map { payload[$0] }, as: UTF8.self)
            }
            let audience = selections.first { $0.range.lowerBound == read }?.audience ?? .everyone
            frames.append((text, audience))
            read += UInt64(length)
        }
        return frames
    }

    /// The length of the frame that begins at a position (RFC 6455, section 5.2).
    private func frameLength(at position: UInt64) -> Int {
        publications.ring.read(at: position, count: 10) { header in
            let short = Int(header[1] & 0x7F)
            if short < 126 { return 2 + short }
            let count = short == 126 ? 2 : 8
            return 2 + count + (2..<2 + count).reduce(0) { $0 << 8 | Int(header[$1]) }
        }
    }

    /// What who asks now is told by the next turn.
    func asked() -> HubStatus? {
        status.ask(now: now, by: 0, wantsClients: false)
        _ = status.write(LoopStatus(), nil, of: 0, now: now)
        let asked = now
        turn(after: 0)
        return status.contents(since: asked, isComplete: true, now: now)?.hub
    }

    /// The lines of the log, once everything is written; nothing is written after it.
    func lines() -> [String] {
        log.close()
        return ((try? String(contentsOfFile: logPath, encoding: .utf8)) ?? "").split(separator: "\n").map(String.init)
    }

    /// The names of these lines.
    func logged() -> [String] {
        lines().map { line in
            line.split(separator: " ").first { $0.hasPrefix("ev=") }.map { String($0.dropFirst(3)) } ?? ""
        }
    }
}

extension Array where Element == (text: String, audience: Audience) {
    /// The numbers of the published events.
    var numbers: [UInt64] {
        map { publication in
            let after = publication.text.components(separatedBy: "\"seq\":").last ?? ""
            return UInt64(after.prefix { $0.isNumber }) ?? 0
        }
    }
}
