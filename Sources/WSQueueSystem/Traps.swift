internal import WSQueueLibc

/// The signals by which a program ends itself when it cannot go on: a trap is SIGILL or SIGTRAP, by processor, and who
/// calls abort(3) gets SIGABRT. Embedded Swift says nothing before it.
package enum Traps {
    /// Calls `handler` with the signal's number in place of what the signal would do (signal(2)). The memory may be in
    /// any state then: a handler may call ``end(saying:status:)`` and nothing else.
    package static func handle(by handler: @escaping @convention(c) (Int32) -> Void) {
        for number in [SIGILL, SIGTRAP, SIGABRT] { signal(number, handler) }
    }

    /// Writes to standard error and ends the process, with calls that are allowed in a handler only (signal-safety(7)).
    package static func end(saying line: StaticString, status: Int32) -> Never {
        _ = unsafe write(StandardStream.error.rawValue, line.utf8Start, line.utf8CodeUnitCount)
        _exit(status)
    }
}
