internal import CWSQueueLinux
internal import WSQueueLibc

/// Puts off the signals that end a program, so that it can clean up first (sigprocmask(2), signalfd(2)).
///
/// For a program with one thread: the mask is the thread's.
package struct Interruption: ~Copyable {
    private var descriptor: FileDescriptor?

    /// Puts off HUP, INT and TERM from here on, and XFSZ, so that a file over the limit of ulimit(1) is an error of the
    /// write. That no one reads what is written is one too (signal(2), PIPE).
    package init() throws(SystemCallError) {
        signal(SIGPIPE, SIG_IGN)
        var set = Self.signals()
        _ = try systemCall("sigprocmask", "") { unsafe Int(sigprocmask(SIG_BLOCK, &set, nil)) }
        for number in Self.numbers where wsqueue_ignores_signal(number) == 0 { _ = wsqueue_pass_signals_on(number) }
    }

    /// What waiting ended with.
    package enum Wake: Equatable, Sendable {
        /// One of the signals has come.
        case signal
        /// There is something to read.
        case input
        /// Neither, within the time.
        case timeout
    }

    /// Waits until `input` can be read, or one of the signals has come (poll(2)).
    ///
    /// - Parameters:
    ///   - isReading: Whether input counts; without it only signals and time do.
    ///   - milliseconds: For how long; -1 is for ever.
    package mutating func wait(
        for input: borrowing InputFile, isReading: Bool = true, milliseconds: Int32 = -1
    ) throws(SystemCallError) -> Wake {
        let open = if let descriptor = descriptor.take() { descriptor } else { try Self.openDescriptor() }
        var requests = [
            pollfd(fd: open.number, events: Int16(POLLIN), revents: 0),
            // A negative descriptor is passed over.
            pollfd(fd: isReading ? input.number : -1, events: Int16(POLLIN), revents: 0),
        ]
        descriptor = consume open
        _ = try systemCall("poll", input.name) { unsafe Int(poll(&requests, nfds_t(requests.count), milliseconds)) }
        if requests[0].revents != 0 { return .signal }
        return requests[1].revents != 0 ? .input : .timeout
    }

    /// Lets the signals through: one that has come meanwhile ends the program here.
    package consuming func end() {
        var set = Self.signals()
        _ = unsafe sigprocmask(SIG_UNBLOCK, &set, nil)
    }

    private static func openDescriptor() throws(SystemCallError) -> FileDescriptor {
        var set = signals()
        let number = try systemCall("signalfd", "") {
            unsafe Int(signalfd(-1, &set, Int32(SFD_CLOEXEC) | Int32(SFD_NONBLOCK)))
        }
        return FileDescriptor(owning: Int32(number))
    }

    private static let numbers = [SIGHUP, SIGINT, SIGTERM, SIGXFSZ]

    private static func signals() -> sigset_t {
        var set = sigset_t()
        unsafe sigemptyset(&set)
        for number in numbers { unsafe sigaddset(&set, number) }
        return set
    }
}
