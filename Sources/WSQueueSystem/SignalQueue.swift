internal import CWSQueueLinux
internal import WSQueueLibc

/// Signals as something to read, for a program that passes them on (sigprocmask(2), signalfd(2)).
///
/// For a program with one thread: the mask is the thread's.
package struct SignalQueue: ~Copyable {
    /// One signal.
    package struct Arrival: Equatable, Sendable {
        /// Its number.
        package let number: Int32
        /// Whether the terminal sent it: then every process of its group has it already.
        package let isFromTerminal: Bool
        /// Whether a child has ended.
        package var isChild: Bool { number == SIGCHLD }
    }

    private let descriptor: FileDescriptor
    private static let numbers = [SIGCHLD, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGXFSZ]

    /// Takes them out of their default handling, and makes a reader that has gone an error of the write.
    package init() throws(SystemCallError) {
        ChildSignals.expectEnds()
        var set = sigset_t()
        unsafe sigemptyset(&set)
        for number in Self.numbers { unsafe sigaddset(&set, number) }
        _ = try systemCall("sigprocmask", "") { unsafe Int(sigprocmask(SIG_BLOCK, &set, nil)) }
        // What is ignored stays so: a command that is started inherits it.
        for number in Self.numbers where wsqueue_ignores_signal(number) == 0 { _ = wsqueue_pass_signals_on(number) }
        signal(SIGPIPE, SIG_IGN)
        let number = try systemCall("signalfd", "") {
            unsafe Int(signalfd(-1, &set, Int32(SFD_CLOEXEC) | Int32(SFD_NONBLOCK)))
        }
        descriptor = FileDescriptor(owning: Int32(number))
    }

    /// The next signal that has come, or `nil`.
    package func next() -> Arrival? {
        var information = signalfd_siginfo()
        let size = MemoryLayout<signalfd_siginfo>.size
        guard unsafe read(descriptor.number, &information, size) == size else { return nil }
        // -1 is SI_QUEUE and 0x80 SI_KERNEL (asm-generic/siginfo.h); what another thread has passed on says it as a value.
        let isPassedOn = information.ssi_code == -1 && information.ssi_pid == UInt32(getpid())
        let code = isPassedOn ? information.ssi_int : information.ssi_code
        return Arrival(number: Int32(information.ssi_signo), isFromTerminal: code == 0x80)
    }

    /// Waits until a signal has come or one of the descriptors has something, or its end (poll(2)).
    ///
    /// - Parameter milliseconds: For how long; -1 is for ever.
    /// - Returns: The places of the descriptors that have.
    package func wait(with descriptors: [Int32], milliseconds: Int32 = -1) throws(SystemCallError) -> [Int] {
        var requests = ([descriptor.number] + descriptors).map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        _ = try systemCall("poll", "") { unsafe Int(poll(&requests, nfds_t(requests.count), milliseconds)) }
        return descriptors.indices.filter { requests[$0 + 1].revents != 0 }
    }

    /// Ends this process as one that the signal `number` ended, without a second core file.
    package static func end(by number: Int32) -> Never {
        var limit = rlimit(rlim_cur: 0, rlim_max: 0)
        _ = unsafe setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &limit)
        var set = sigset_t()
        unsafe sigemptyset(&set)
        unsafe sigaddset(&set, number)
        signal(number, SIG_DFL)
        _ = unsafe sigprocmask(SIG_UNBLOCK, &set, nil)
        _ = kill(getpid(), number)
        // Only a signal that does not end a program comes here.
        Process.exit(128 + number)
    }

    /// Its name without SIG, as kill(1) has it; the number for the rare ones.
    package static func name(of number: Int32) -> String {
        let names: [Int32: String] = [
            SIGHUP: "HUP", SIGINT: "INT", SIGQUIT: "QUIT", SIGILL: "ILL", SIGTRAP: "TRAP", SIGABRT: "ABRT",
            SIGBUS: "BUS", SIGFPE: "FPE", SIGKILL: "KILL", SIGUSR1: "USR1", SIGSEGV: "SEGV", SIGUSR2: "USR2",
            SIGPIPE: "PIPE", SIGALRM: "ALRM", SIGTERM: "TERM", SIGXCPU: "XCPU", SIGXFSZ: "XFSZ", SIGSYS: "SYS",
        ]
        return names[number] ?? "\(number)"
    }
}
