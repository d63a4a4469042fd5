internal import Glibc

/// Who this process is, and where: what an error message about permissions has to name.
package enum Process {
    /// The process's number (getpid(2)).
    package static var identifier: Int32 { getpid() }

    /// The user whose rights count (geteuid(2)).
    package static var user: UInt32 { geteuid() }

    /// The group whose rights count (getegid(2)).
    package static var group: UInt32 { getegid() }

    /// The directory relative paths begin at (getcwd(3)), or `nil` when it has gone.
    package static func currentDirectory() -> String? {
        guard let path = unsafe getcwd(nil, 0) else { return nil }
        defer { unsafe free(path) }
        return unsafe String(cString: path)
    }
}
