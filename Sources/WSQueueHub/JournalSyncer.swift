internal import Synchronization
internal import WSQueueLog
package import WSQueueNet
internal import WSQueueOperation
package import WSQueueSystem

/// Brings the journal to the disk, on a thread of its own: fdatasync(2) takes from some microseconds to many
/// milliseconds, in which the hub goes on. Only the deletion of files waits for it.
///
/// All that is written while one sync runs is in the next, and between two of them it rests, so that the disk is not kept
/// busy by files of a few hundred bytes: a single event's file goes at once, those of many at most a tenth of a second
/// later.
package final class JournalSyncer: Sendable {
    private struct Request: Sendable {
        var sync = JournalSync()
        var position: UInt64?
        /// What is only to be let go here.
        var retired: [JournalSegment] = []
    }

    private let hubWakeup: Wakeup
    private let wakeup: Wakeup
    private let mailbox: Mailbox<Request>
    private let position = Atomic<UInt64>(0)
    private let failure = Guarded<SystemCallError?>(nil)
    private let isAbandoned = Atomic<Bool>(false)

    /// It rests three times as long as the last sync took, but within these bounds.
    private static let restMilliseconds: ClosedRange<Int64> = 2...100
    /// The time to the next attempt where one has failed.
    private static let retryMilliseconds: Int32 = 500

    /// Starts the thread.
    package init(hubWakeup: Wakeup) throws(SystemCallError) {
        self.hubWakeup = hubWakeup
        wakeup = try Wakeup()
        mailbox = Mailbox(wakeup: wakeup)
        let poller = try Poller()
        try poller.add(wakeup.number, .readable, token: 0)
        // Handed over in a box: a closure cannot take a value that cannot be copied.
        let box = Guarded<Poller?>(poller)
        _ = try LoopThread(name: "wsq-journal") { [self] in
            guard var poller = box.withLock({ $0.take() }) else { return }
            run(&poller)
        }
    }

    /// Up to here the log's events are on the disk.
    var syncedPosition: UInt64 { position.load(ordering: .sequentiallyConsistent) }

    /// Why the last attempt failed.
    var fault: SystemCallError? { failure.withLock { $0 } }

    /// Has something brought to the disk, with all that was asked for before.
    ///
    /// - Parameter position: Where the log stands then.
    func request(_ sync: JournalSync, position: UInt64) { mailbox.post(Request(sync: sync, position: position)) }

    /// Takes segments that have gone, so that their files are closed on this thread.
    func release(_ retired: [JournalSegment]) { mailbox.post(Request(retired: retired)) }

    /// Gives up what it has failed to bring to the disk: another disk has taken its place.
    func abandonFailed() {
        guard fault != nil else { return }
        isAbandoned.store(true, ordering: .sequentiallyConsistent)
    }

    private func run(_ poller: inout Poller) {
        var sync = JournalSync()
        var end: UInt64 = 0
        while true {
            if isAbandoned.exchange(false, ordering: .sequentiallyConsistent) { sync = JournalSync() }
            if sync.isEmpty { sleep(&poller) }
            for request in mailbox.take() {
                sync.add(request.sync)
                end = request.position ?? end
            }
            guard !sync.isEmpty else { continue }
            let start = Clock.monotonicNanoseconds()
            do throws(SystemCallError) {
                try sync.run()
                sync = JournalSync()
                position.store(end, ordering: .sequentiallyConsistent)
                failure.withLock { $0 = nil }
                hubWakeup.signal()
                let taken = (Clock.monotonicNanoseconds() - start) / 1_000_000
                let rest = min(max(3 * taken, Self.restMilliseconds.lowerBound), Self.restMilliseconds.upperBound)
                // Nobody wakes who has not said that he sleeps.
                _ = try? poller.wait(milliseconds: Int32(rest))
            } catch {
                failure.withLock { $0 = error }
                hubWakeup.signal()
                _ = try? poller.wait(milliseconds: Self.retryMilliseconds)
            }
        }
    }

    private func sleep(_ poller: inout Poller) {
        wakeup.willSleep()
        _ = try? poller.wait(milliseconds: mailbox.isEmpty ? -1 : 0)
        wakeup.didWake()
        wakeup.clear()
    }
}
