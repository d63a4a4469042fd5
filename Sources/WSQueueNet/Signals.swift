internal import CWSQueueLinux
internal import Glibc
package import WSQueueSystem

/// The signals a server obeys, as something to read (signalfd(2)).
package struct Signals: ~Copyable {
    /// What the operator asks for.
    package enum Request: Sendable {
        /// TERM or INT.
        case terminate
        /// HUP.
        case reload
        /// USR1.
        case report
    }

    private let descriptor: FileDescriptor

    /// Takes TERM, INT, HUP and USR1 out of their default handling and ignores PIPE and XFSZ. To be called before any thread is
    /// started, because threads inherit the mask.
    package init() throws(SystemCallError) {
        var set = sigset_t()
        unsafe sigemptyset(&set)
        let numbers = [SIGTERM, SIGINT, SIGHUP, SIGUSR1]
        for number in numbers { unsafe sigaddset(&set, number) }
        guard unsafe pthread_sigmask(SIG_BLOCK, &set, nil) == 0 else {
            throw SystemCallError(call: "pthread_sigmask", object: "", code: errno)
        }
        // A thread that was there before us, as that of a preloaded library, has another mask.
        for number in numbers {
            guard wsqueue_pass_signals_on(number) == 0 else {
                throw SystemCallError(call: "sigaction", object: "", code: errno)
            }
        }
        // A client or a log reader that has gone is an error of the write, not the end of the server.
        signal(SIGPIPE, SIG_IGN)
        // A file over the limit of ulimit(1) is an error of the write, as on a full disk.
        signal(SIGXFSZ, SIG_IGN)
        // Somebody opened a file that we held a lease on for an instant.
        signal(SIGIO, SIG_IGN)
        let number = unsafe signalfd(-1, &set, Int32(SFD_CLOEXEC | SFD_NONBLOCK))
        guard number >= 0 else { throw SystemCallError(call: "signalfd", object: "", code: errno) }
        descriptor = FileDescriptor(owning: number)
    }

    /// For the owner's poller.
    package var number: Int32 { descriptor.number }

    /// The next signal that has come, or `nil`.
    package func next() -> Request? {
        var information = signalfd_siginfo()
        let size = MemoryLayout<signalfd_siginfo>.size
        guard unsafe read(descriptor.number, &information, size) == size else { return nil }
        return switch Int32(information.ssi_signo) {
        case SIGHUP: .reload
        case SIGUSR1: .report
        default: .terminate
        }
    }
}
