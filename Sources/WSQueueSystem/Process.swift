internal import CWSQueueLinux
internal import WSQueueLibc

/// Who this process is, and where: what an error message about permissions has to name.
package enum Process {
    /// The process's number (getpid(2)).
    package static var identifier: Int32 { getpid() }

    /// The words this process was started with, the program's name first, as bytes; empty when they cannot be read.
    ///
    /// `CommandLine` finds them by reading /proc/self/maps, and has none where /proc is not mounted, as in a chroot, or
    /// where no descriptor is free. Searching from `environ` backwards fails as soon as anything, such as a preloaded
    /// library or the profile of a coverage build, has set a variable. These are the words that `main` gets.
    package static func arguments() -> [[UInt8]] {
        let kept = unsafe wsqueue_words()
        guard let words = unsafe kept.words else { return [] }
        return (0..<Int(unsafe kept.count)).map { index in
            guard let word = unsafe words[index] else { return [] }
            return unsafe Array(UnsafeRawBufferPointer(start: word, count: strlen(word)))
        }
    }

    /// The user whose rights count (geteuid(2)).
    package static var user: UInt32 { geteuid() }

    /// The group whose rights count (getegid(2)).
    package static var group: UInt32 { getegid() }

    /// The other groups whose rights count (getgroups(2)); empty when they cannot be had.
    package static var groups: [UInt32] {
        let count = getgroups(0, nil)
        guard count > 0 else { return [] }
        var groups = [gid_t](repeating: 0, count: Int(count))
        let filled = unsafe getgroups(count, &groups)
        return filled > 0 ? Array(groups.prefix(Int(filled))) : []
    }

    /// Whether there is a process with this number, whoever runs it (kill(2)).
    package static func isRunning(_ identifier: Int32) -> Bool { kill(identifier, 0) == 0 || errno == EPERM }

    /// Whether a process has a file open (proc_pid_fd(5)); `nil` where this user may not know.
    static func hasOpen(_ identifier: Int32, _ identity: FileIdentity) -> Bool? {
        guard let directory = try? Directory.open("/proc/\(identifier)/fd") else { return nil }
        var names: [FileName] = []
        guard (try? directory.forEachName { names.append(FileName($0)) }) != nil else { return nil }
        return names.contains { (try? Directory.status(at: directory.path(of: $0)))?.identity == identity }
    }

    /// The value of an environment variable (getenv(3)); bytes that are no UTF-8 are shown as U+FFFD.
    package static func environment(_ name: String) -> String? {
        guard let value = unsafe getenv(name) else { return nil }
        return unsafe String(cString: value)
    }

    /// Takes a variable out of the environment, so that no child has it (unsetenv(3)); while there is one thread only.
    package static func removeFromEnvironment(_ name: String) { _ = unsafe unsetenv(name) }

    /// The environment variables whose names begin so (environ(7)); bytes that are no UTF-8 are shown as U+FFFD.
    package static func environment(beginning prefix: String) -> [(name: String, value: String)] {
        guard let environment = unsafe wsqueue_environment() else { return [] }
        var variables: [(name: String, value: String)] = []
        var index = 0
        while let entry = unsafe environment[index] {
            index += 1
            let text = unsafe String(cString: entry)
            guard text.utf8.starts(with: prefix.utf8) else { continue }
            let end = text.utf8.firstIndex(of: UInt8(ascii: "=")) ?? text.utf8.endIndex
            variables.append((String(text[..<end]), String(text[end...].dropFirst())))
        }
        return variables
    }

    /// The directory relative paths begin at (getcwd(3)), or `nil` when it has gone.
    package static func currentDirectory() -> String? {
        guard let path = unsafe getcwd(nil, 0) else { return nil }
        defer { unsafe free(path) }
        return unsafe String(cString: path)
    }

    /// Ends the process with a status (exit(3)).
    package static func exit(_ status: Int32) -> Never { WSQueueLibc.exit(status) }
}
