internal import CWSQueueLinux
internal import WSQueueLibc

/// What the file system of a directory can do, tried with hidden files that are removed again.
package struct FileSystemAbilities: Equatable, Sendable {
    /// Whether a rename can be told to replace nothing (`RENAME_NOREPLACE`).
    package var renamesWithoutReplacing: Bool
    /// Whether a file can have two names (link(2)).
    package var links: Bool
    /// Whether the owner of a file may ask for a lease on it, which tells of its writers (fcntl(2)).
    package var leases: Bool
    /// Whether inotify tells of what this machine does there, as far as it may be asked.
    package var notices: Bool
    /// How coarse the times of its files are, nanoseconds; 0 is as fine as can be.
    package var tickNanoseconds: Int64

    /// Makes them of what was found.
    package init(
        renamesWithoutReplacing: Bool, links: Bool, leases: Bool, notices: Bool, tickNanoseconds: Int64
    ) {
        self.renamesWithoutReplacing = renamesWithoutReplacing
        self.links = links
        self.leases = leases
        self.notices = notices
        self.tickNanoseconds = tickNanoseconds
    }

    /// Tries in the directory at `path`.
    ///
    /// - Parameter name: A hidden name that is free; names that begin with it are used too.
    /// - Throws: ``SystemCallError`` where no file can be made there.
    package static func tried(in path: String, _ name: FileName) throws(SystemCallError) -> FileSystemAbilities {
        let directory = try Directory.open(path)
        let inotify = try? Inotify()
        let isWatching = (try? inotify?.watch(path, for: .writing)) != nil
        let other = name.appending(".tmp")
        let file = try directory.createFile(name, mode: 0o600)
        defer {
            try? directory.remove(name)
            try? directory.remove(other)
        }
        var isNoticed = false
        _ = try? inotify?.read { _, _ in isNoticed = true }
        let tick = directory.tick(of: file, name)
        _ = try? file.close()
        let leases = (try? directory.openForReading(name))?.isBeingWritten != nil
        let links = directory.canLink(name, to: other)
        try? directory.remove(other)
        return FileSystemAbilities(
            renamesWithoutReplacing: directory.canRename(name, to: other), links: links, leases: leases,
            notices: isNoticed || !isWatching, tickNanoseconds: tick)
    }
}

extension Directory {
    fileprivate func canRename(_ name: FileName, to other: FileName) -> Bool {
        let result = unsafe name.withCString { old in
            // 1 is RENAME_NOREPLACE (linux/fs.h), which no header shows without _GNU_SOURCE.
            unsafe other.withCString { unsafe renameat2(descriptor.number, old, descriptor.number, $0, 1) }
        }
        return result == 0
    }

    fileprivate func canLink(_ name: FileName, to other: FileName) -> Bool {
        let result = unsafe name.withCString { old in
            unsafe other.withCString { unsafe linkat(descriptor.number, old, descriptor.number, $0, 0) }
        }
        return result == 0
    }

    /// What is left of a time that has an odd second and a nanosecond.
    fileprivate func tick(of file: borrowing FileDescriptor, _ name: FileName) -> Int64 {
        let wanted: Int64 = 1_600_000_001_999_999_999
        guard (try? file.setModified(wanted, object: "")) != nil, let status = try? status(of: name) else { return 0 }
        let lost = wanted - status.modifiedNanoseconds
        return lost <= 0 ? 0 : lost + 1
    }
}
