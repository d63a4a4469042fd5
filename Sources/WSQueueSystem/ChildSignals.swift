internal import CWSQueueLinux
internal import WSQueueLibc

/// What is done with signals around a command that this process starts.
enum ChildSignals {
    /// Has the kernel tell how children end. Whoever started this process may have it ignore `SIGCHLD`, and then children
    /// vanish, no signal comes, and waitpid(2) fails.
    static func expectEnds() {
        if wsqueue_ignores_signal(SIGCHLD) != 0 { signal(SIGCHLD, SIG_DFL) }
    }

    /// Has a command begin as any program does: it blocks no signal, and ignores neither the end of its own children nor
    /// that of its reader (posix_spawn(3)).
    static func setUsual(_ attributes: inout posix_spawnattr_t) {
        var none = sigset_t()
        var usual = sigset_t()
        unsafe sigemptyset(&none)
        unsafe sigemptyset(&usual)
        unsafe sigaddset(&usual, SIGPIPE)
        unsafe sigaddset(&usual, SIGCHLD)
        unsafe posix_spawnattr_setsigmask(&attributes, &none)
        unsafe posix_spawnattr_setsigdefault(&attributes, &usual)
        unsafe posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
    }
}
