internal import Synchronization

/// A value behind a lock, for what several threads change.
///
/// ThreadSanitizer does not see into `Mutex`, whose code is in the standard library and waits by futex(2): it would report
/// every value in one as a race. In a build for it, the order that the lock makes is shown once more by an atomic.
package struct Guarded<Value: ~Copyable>: ~Copyable {
    private let mutex: Mutex<Value>
    #if THREAD_SANITIZER
        private let turn = Atomic<UInt>(0)
    #endif

    /// Takes over a value that no other thread has.
    package init(_ value: consuming sending Value) { mutex = Mutex(value) }

    /// Calls `body` with the value, while no other thread has it; short, because all others wait.
    package borrowing func withLock<Result: ~Copyable, Failure: Error>(
        _ body: (inout sending Value) throws(Failure) -> sending Result
    ) throws(Failure) -> sending Result {
        SchedulingPoint.pass()
        defer { SchedulingPoint.pass() }
        return try mutex.withLock { (value) throws(Failure) -> sending Result in
            #if THREAD_SANITIZER
                _ = turn.load(ordering: .acquiring)
                defer { turn.store(1, ordering: .releasing) }
            #endif
            return try body(&value)
        }
    }
}

extension Guarded: Sendable where Value: ~Copyable {}
