internal import Synchronization
internal import WSQueueLibc

/// Runs one system call: repeats it when a signal interrupted it, and turns -1 into a ``SystemCallError``.
///
/// Every call that touches files goes through here, so that a test can make any of them fail (``SystemCallFaults``).
func systemCall(
    _ call: StaticString, _ object: @autoclosure () -> String, _ body: () -> Int
) throws(SystemCallError) -> Int {
    while true {
        if let code = SystemCallFaults.next(call, object) {
            if code == EINTR { continue }
            throw SystemCallError(call: "\(call)", object: object(), code: code)
        }
        let result = body()
        if result >= 0 { return result }
        let code = errno
        if code != EINTR { throw SystemCallError(call: "\(call)", object: object(), code: code) }
    }
}

/// The one seam through which tests make system calls fail: the call with a chosen number fails with a chosen error.
///
/// Crash safety is a claim about every single call; counting them and failing each in turn is how it is checked. Only
/// the calls of the thread that plans a fault count, or those on a file that the plan names, for what other threads do. One
/// plan is carried out at a time: tests of one process run side by side.
package enum SystemCallFaults {
    private static let countdown = Atomic<Int>(0)
    private static let code = Atomic<Int32>(0)
    private static let thread = Atomic<UInt>(0)

    // Embedded Swift has no locks; what is built so is no test.
    #if !hasFeature(Embedded)
        private static let plan = Mutex(())
        private static let others = Mutex<(@Sendable () -> Void)?>(nil)
        /// The call that fails in all threads, and how its object begins; `nil` where the calls of one thread count.
        private static let target = Mutex<(call: String, object: String)?>(nil)

        /// Runs `body`, in which the `number`-th file system call of this thread (1 is the first) fails with
        /// `errorNumber`, once.
        ///
        /// - Parameter meanwhile: What others do before that call comes back.
        /// - Returns: What `body` gives, and whether it made enough calls to meet the fault.
        package static func failing<Result>(
            callNumber number: Int, with errorNumber: Int32, meanwhile: (@Sendable () -> Void)? = nil,
            _ body: () -> Result
        ) -> (result: Result, didFail: Bool) {
            plan.withLock { _ in
                others.withLock { $0 = meanwhile }
                thread.store(UInt(pthread_self()), ordering: .relaxed)
                code.store(errorNumber, ordering: .relaxed)
                countdown.store(number, ordering: .releasing)
                let result = body()
                return (result, countdown.exchange(0, ordering: .acquiringAndReleasing) <= 0)
            }
        }

        /// Runs `body`, in which a call fails with `errorNumber` in whichever thread makes it.
        ///
        /// - Parameters:
        ///   - count: How often it fails before it succeeds again.
        ///   - call: Its name, such as `pread`.
        ///   - object: How the path begins that it is about.
        /// - Returns: What `body` gives, and whether it failed so often.
        package static func failing<Result>(
            next count: Int, _ call: String, on object: String, with errorNumber: Int32, _ body: () throws -> Result
        ) rethrows -> (result: Result, didFail: Bool) {
            try plan.withLock { _ in
                target.withLock { $0 = (call, object) }
                defer {
                    countdown.store(0, ordering: .releasing)
                    target.withLock { $0 = nil }
                }
                code.store(errorNumber, ordering: .relaxed)
                countdown.store(count, ordering: .releasing)
                let result = try body()
                return (result, countdown.load(ordering: .acquiring) <= 0)
            }
        }

        /// What a call fails with, where the plan names the calls of all threads; 0 is not at all.
        private static func planned(_ call: StaticString, _ object: () -> String) -> Int32? {
            guard let wanted = target.withLock({ $0 }) else { return nil }
            guard "\(call)" == wanted.call, object().hasPrefix(wanted.object) else { return 0 }
            let left = countdown.subtract(1, ordering: .acquiringAndReleasing).newValue
            return left >= 0 ? code.load(ordering: .relaxed) : 0
        }
    #endif

    fileprivate static func next(_ call: StaticString, _ object: () -> String) -> Int32? {
        guard countdown.load(ordering: .acquiring) > 0 else { return nil }
        #if !hasFeature(Embedded)
            if let code = planned(call, object) { return code == 0 ? nil : code }
        #endif
        guard thread.load(ordering: .relaxed) == UInt(pthread_self()) else { return nil }
        guard countdown.subtract(1, ordering: .acquiringAndReleasing).newValue == 0 else { return nil }
        #if !hasFeature(Embedded)
            others.withLock { $0 }?()
        #endif
        return code.load(ordering: .relaxed)
    }
}
