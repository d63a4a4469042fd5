internal import CWSQueueLinux
internal import WSQueueLibc

/// Takes from a process what it does not need of the file system (landlock(7)): what is not allowed here is refused to it
/// for good, whoever it runs as.
///
/// Rules hold for the thread that applies them and for all that it starts afterwards, so that a process applies them before
/// its second thread. Files that are open already stay open.
package struct Landlock: ~Copyable {
    /// What may be done beneath a directory, or with a file.
    package struct Rights: OptionSet, Sendable {
        package let rawValue: UInt64

        package init(rawValue: UInt64) { self.rawValue = rawValue }

        private static func bit(_ number: UInt64) -> Rights { Rights(rawValue: 1 << number) }

        /// To read files, and list directories.
        package static let read: Rights = [bit(2), bit(3)]
        /// To read and write files that are there.
        package static let useFile: Rights = [bit(1), bit(2)]
        /// To make sockets, and take names away.
        package static let makeSockets: Rights = [bit(5), bit(9)]
        /// To read, and to make, write, cut, move and remove anything but devices.
        package static let change: Rights = [
            read, bit(1), bit(4), bit(5), bit(7), bit(8), bit(9), bit(10), bit(12), bit(13), bit(14),
        ]

        /// All that a version knows: what is known and not allowed is refused.
        fileprivate static func known(in version: Int) -> Rights {
            Rights(rawValue: (1 << (version >= 5 ? 16 : version >= 3 ? 15 : 14)) - 1)
        }

        /// What can be said of a file that is no directory.
        fileprivate static let ofFiles: Rights = [bit(0), bit(1), bit(2), bit(14), bit(15)]
    }

    /// Which version the kernel has; 0 for none, and where it is switched off.
    package static var version: Int { max(0, Int(wsqueue_landlock_version())) }

    private let ruleset: FileDescriptor
    private let known: Rights

    /// Begins with nothing that is allowed.
    ///
    /// - Throws: ``SystemCallError`` when the kernel has none, or not the second version: in the first no file can be moved
    ///   from one directory to another.
    package init() throws(SystemCallError) {
        known = Rights.known(in: Self.version)
        guard Self.version >= Self.leastVersion else {
            throw SystemCallError(call: "landlock_create_ruleset", object: "the kernel", code: ENOSYS)
        }
        let handled = known.rawValue
        let number = try systemCall("landlock_create_ruleset", "the kernel") { Int(wsqueue_landlock_create(handled)) }
        ruleset = FileDescriptor(owning: Int32(number))
    }

    /// The first version by which files may be moved between directories.
    package static let leastVersion = 2

    /// Allows something beneath a directory, or with a file.
    ///
    /// - Returns: Whether there is one at the path.
    package borrowing func allow(_ rights: Rights, beneath path: String) throws(SystemCallError) -> Bool {
        // 0o10000000 is O_PATH (asm-generic/fcntl.h), which no header shows without _GNU_SOURCE.
        let number = unsafe path.withCString { unsafe WSQueueLibc.open($0, 0o10000000 | O_CLOEXEC) }
        guard number >= 0 else { return false }
        let place = FileDescriptor(owning: number)
        let isDirectory = try place.status(object: path).kind == .directory
        let allowed = rights.intersection(isDirectory ? known : known.intersection(.ofFiles)).rawValue
        _ = try systemCall("landlock_add_rule", path) {
            Int(wsqueue_landlock_allow(ruleset.number, allowed, place.number))
        }
        return true
    }

    /// Applies the rules to this thread, and to those that it starts. It can gain no rights by starting a program either,
    /// for which ``refuseNewPrivileges()`` must have been called.
    package borrowing func apply() throws(SystemCallError) {
        _ = try systemCall("landlock_restrict_self", "this process") { Int(wsqueue_landlock_restrict(ruleset.number)) }
    }

    /// No program that is started gets rights by its own mode bits (prctl(2), `PR_SET_NO_NEW_PRIVS`).
    package static func refuseNewPrivileges() throws(SystemCallError) {
        _ = try systemCall("prctl", "PR_SET_NO_NEW_PRIVS") { Int(wsqueue_no_new_privileges()) }
    }
}
