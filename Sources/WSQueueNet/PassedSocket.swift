internal import CWSQueueLinux
internal import Glibc
internal import WSQueueSystem

/// A listening socket that the service manager has opened and passed to this process (sd_listen_fds(3)).
package struct PassedSocket: Sendable {
    /// What `FileDescriptorName=` of its unit says; `unknown` where nothing is said.
    package let name: String
    /// Its number. It has no owner yet.
    package let number: Int32

    /// The sockets that are meant for this process, in the manager's order; none where the variables name another
    /// process. The variables go, so that no child takes them for its own.
    ///
    /// To be called once, before there are other threads: it changes the environment (unsetenv(3)).
    package static func takeAll() -> [PassedSocket] {
        let isForUs = Process.environment("LISTEN_PID") == "\(Process.identifier)"
        let count = Process.environment("LISTEN_FDS").flatMap { Int32($0) } ?? 0
        let names = Process.environment("LISTEN_FDNAMES")?.split(separator: ":", omittingEmptySubsequences: false)
        for variable in ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"] { Process.removeFromEnvironment(variable) }
        guard isForUs, (1...maximum).contains(count) else { return [] }
        return (0..<count).map { index in
            // No child is to have it, whether it is used or not.
            _ = fcntl(firstNumber + index, F_SETFD, FD_CLOEXEC)
            let name = names.flatMap { Int(index) < $0.count ? String($0[Int(index)]) : nil }
            return PassedSocket(name: name ?? "unknown", number: firstNumber + index)
        }
    }

    /// The first descriptor after the standard ones (`SD_LISTEN_FDS_START`).
    private static let firstNumber: Int32 = 3
    /// More would be a mistake in the variable.
    private static let maximum: Int32 = 1_024
}
