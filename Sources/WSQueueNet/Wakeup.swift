internal import CWSQueueLinux
internal import Glibc
internal import Synchronization
package import WSQueueSystem

/// Wakes a loop that sleeps in its poller (eventfd(2)), and costs nothing while it is awake.
package final class Wakeup: Sendable {
    private let descriptor: FileDescriptor
    private let isSleeping = Atomic<Bool>(false)

    /// Opens the event counter.
    package init() throws(SystemCallError) {
        let number = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
        guard number >= 0 else { throw SystemCallError(call: "eventfd", object: "", code: errno) }
        descriptor = FileDescriptor(owning: number)
    }

    /// For the sleeper's poller.
    package var number: Int32 { descriptor.number }

    /// Wakes the sleeper when it sleeps. What was stored before is seen by it.
    package func signal() {
        // Sequential consistency pairs with `willSleep`: either this sees the sleeper, or the sleeper, which looks for
        // work once more after announcing its sleep, sees what was stored before this.
        SchedulingPoint.pass()
        guard isSleeping.exchange(false, ordering: .sequentiallyConsistent) else { return }
        var one: UInt64 = 1
        _ = unsafe write(descriptor.number, &one, 8)
    }

    /// Announces sleep. The caller looks for work once more before it really sleeps.
    package func willSleep() {
        SchedulingPoint.pass()
        isSleeping.store(true, ordering: .sequentiallyConsistent)
        SchedulingPoint.pass()
    }

    /// Ends the announcement, whatever woke the sleeper.
    package func didWake() {
        SchedulingPoint.pass()
        isSleeping.store(false, ordering: .sequentiallyConsistent)
    }

    /// Empties the counter, so that the poller reports it no longer.
    package func clear() {
        var count: UInt64 = 0
        _ = unsafe read(descriptor.number, &count, 8)
    }
}
