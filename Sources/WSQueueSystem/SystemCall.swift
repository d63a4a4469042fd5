internal import Glibc
internal import Synchronization

/// Runs one system call: repeats it when a signal interrupted it, and turns -1 into a ``SystemCallError``.
///
/// Every call that touches files goes through here, so that a test can make any of them fail (``SystemCallFaults``).
func systemCall(
    _ call: StaticString, _ object: @autoclosure () -> String, _ body: () -> Int
) throws(SystemCallError) -> Int {
    while true {
        if let code = SystemCallFaults.next() {
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
/// Crash safety is a claim about every single call; counting them and failing each in turn is how it is checked.
package enum SystemCallFaults {
    private static let countdown = Atomic<Int>(0)
    private static let code = Atomic<Int32>(0)

    /// Makes the `number`-th file system call from now on (1 is the next one) fail with `code`, once.
    package static func fail(callNumber number: Int, with errorNumber: Int32) {
        code.store(errorNumber, ordering: .relaxed)
        countdown.store(number, ordering: .releasing)
    }

    /// Lets all calls through again.
    ///
    /// - Returns: Whether the planned fault was still waiting, which means that fewer calls were made.
    @discardableResult
    package static func clear() -> Bool { countdown.exchange(0, ordering: .acquiringAndReleasing) > 0 }

    fileprivate static func next() -> Int32? {
        guard countdown.load(ordering: .relaxed) > 0 else { return nil }
        return countdown.subtract(1, ordering: .acquiringAndReleasing).newValue == 0
            ? code.load(ordering: .relaxed) : nil
    }
}
