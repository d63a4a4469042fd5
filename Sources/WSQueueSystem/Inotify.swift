internal import Glibc

/// Notices of changes in one directory (inotify(7)): a hint that arrives at once, not the truth. The kernel drops what
/// its queue cannot hold, and says nothing of changes made behind its back (network file systems, mounts).
package final class Inotify {
    /// What was told about one name, or about the directory itself.
    package struct Notice {
        /// The entry's name; empty when the notice is about the directory.
        package let name: FileName?
        /// Which watch it belongs to; a replaced watch may still have notices in the queue.
        package let watch: Int32
        private let mask: UInt32

        init(name: FileName?, watch: Int32, mask: UInt32) {
            self.name = name
            self.watch = watch
            self.mask = mask
        }

        /// A name is complete: it was renamed into the directory, or its writer closed it.
        package var isArrival: Bool { mask & UInt32(IN_MOVED_TO | IN_CLOSE_WRITE) != 0 && mask & UInt32(IN_ISDIR) == 0 }
        /// The kernel's queue was full: from here on, notices are missing.
        package var isOverflow: Bool { mask & UInt32(IN_Q_OVERFLOW) != 0 }
        /// The directory was moved, deleted or unmounted.
        package var isDirectoryGone: Bool {
            mask & UInt32(IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED | IN_UNMOUNT) != 0
        }
    }

    private let descriptor: FileDescriptor
    private var buffer = [UInt8](repeating: 0, count: 32_768)

    /// Opens a notification queue (inotify_init1(2)).
    package init() throws(SystemCallError) {
        let number = try systemCall("inotify_init1", "") { Int(inotify_init1(Int32(IN_NONBLOCK) | Int32(IN_CLOEXEC))) }
        descriptor = FileDescriptor(owning: Int32(number))
    }

    /// For waiting until there are notices to read.
    package var number: Int32 { descriptor.number }

    /// Watches the directory at `path` for finished files and for its own fate (inotify_add_watch(2)).
    ///
    /// - Returns: The watch's number; the same directory gives the same number again.
    package func watch(_ path: String) throws(SystemCallError) -> Int32 {
        let mask =
            UInt32(IN_MOVED_TO | IN_CLOSE_WRITE | IN_DELETE_SELF | IN_MOVE_SELF) | UInt32(IN_ONLYDIR)
            | UInt32(IN_EXCL_UNLINK)
        let number = try systemCall("inotify_add_watch", path) {
            unsafe Int(path.withCString { unsafe inotify_add_watch(descriptor.number, $0, mask) })
        }
        return Int32(number)
    }

    /// Stops watching; notices already queued may still come.
    package func forget(_ watch: Int32) { _ = inotify_rm_watch(descriptor.number, watch) }

    /// Reads what is queued, up to one buffer full (about 400 names), in the order it happened.
    ///
    /// - Returns: The notices; empty when nothing is queued.
    package func read() throws(SystemCallError) -> [Notice] {
        let filled: Int
        do {
            filled = try descriptor.read(into: &buffer, from: 0, object: "inotify")
        } catch  where error.isWouldBlock {
            return []
        }
        var notices: [Notice] = []
        var offset = 0
        // struct inotify_event: watch, mask, cookie, name length (4 bytes each), then the name padded with NULs.
        while offset + 16 <= filled {
            let nameLength = Int(word(at: offset + 12))
            let field = buffer[(offset + 16)..<(offset + 16 + nameLength)]
            let name = field.firstIndex(of: 0).map { field[..<$0] } ?? field
            notices.append(
                Notice(
                    name: name.isEmpty ? nil : FileName(name.span), watch: Int32(bitPattern: word(at: offset)),
                    mask: word(at: offset + 4)))
            offset += 16 + nameLength
        }
        return notices
    }

    private func word(at offset: Int) -> UInt32 {
        // The kernel writes the machine's own byte order; all machines Swift runs Linux on are little-endian.
        UInt32(buffer[offset]) | UInt32(buffer[offset + 1]) << 8 | UInt32(buffer[offset + 2]) << 16
            | UInt32(buffer[offset + 3]) << 24
    }
}
