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
    private let worker: Worker<Request, Never>
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
        worker = try Worker(name: "wsq-journal")
        try worker.start { [self] place in run(place) }
    }

    /// Up to here the log's events are on the disk.
    var syncedPosition: UInt64 { position.load(ordering: .sequentiallyConsistent) }

    /// Why the last attempt failed.
    var fault: SystemCallError? { failure.withLock { $0 } }

    /// Has something brought to the disk, with all that was asked for before.
    ///
    /// - Parameter position: Where the log stands then.
    func request(_ sync: JournalSync, position: UInt64) { worker.post(Request(sync: sync, position: position)) }

    /// Takes segments that have gone, so that their files are closed on this thread.
    func release(_ retired: [JournalSegment]) { worker.post(Request(retired: retired)) }

    /// Gives up what it has failed to bring to the disk: another disk has taken its place.
    func abandonFailed() {
        guard fault != nil else { return }
        isAbandoned.store(true, ordering: .sequentiallyConsistent)
    }

    private func run(_ place: consuming Worker<Request, Never>.Workplace) {
        var place = place
        var sync = JournalSync()
        var end: UInt64 = 0
        while true {
            if isAbandoned.exchange(false, ordering: .sequentiallyConsistent) { sync = JournalSync() }
            if sync.isEmpty { _ = place.sleep() }
            for request in place.takeOrders() {
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
                place.pause(milliseconds: Int32(rest))
            } catch {
                failure.withLock { $0 = error }
                hubWakeup.signal()
                place.pause(milliseconds: Self.retryMilliseconds)
            }
        }
    }
}
