internal import WSQueueLibc

/// Notices of changes in one directory (inotify(7)): a hint that arrives at once, not the truth. The kernel drops what
/// its queue cannot hold, and says nothing of changes made behind its back (network file systems, mounts).
package final class Inotify {
    /// What was told about one name, or about the directory itself.
    package struct Notice {
        /// Which watch it belongs to; a replaced watch may still have notices in the queue.
        package let watch: Int32
        /// The same for both names of a rename; 0 for everything else.
        package let cookie: UInt32
        private let mask: UInt32

        init(watch: Int32, mask: UInt32, cookie: UInt32) {
            self.watch = watch
            self.mask = mask
            self.cookie = cookie
        }

        /// A name is complete: it was renamed into the directory, or its writer closed it.
        package var isArrival: Bool { has(IN_MOVED_TO | IN_CLOSE_WRITE) && !has(IN_ISDIR) }
        /// It was renamed into the directory.
        package var isRename: Bool { has(IN_MOVED_TO) }
        /// It was renamed to another name, or out of the directory.
        package var isDeparture: Bool { has(IN_MOVED_FROM) }
        /// It was created.
        package var isCreation: Bool { has(IN_CREATE) && !has(IN_ISDIR) }
        /// Its contents were changed.
        package var isChange: Bool { has(IN_MODIFY) }
        /// The kernel's queue was full: from here on, notices are missing.
        package var isOverflow: Bool { has(IN_Q_OVERFLOW) }
        /// The directory was moved, deleted or unmounted.
        package var isDirectoryGone: Bool { has(IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED | IN_UNMOUNT) }

        private func has(_ bits: Int32) -> Bool { mask & UInt32(bits) != 0 }
    }

    /// What is to be told of.
    package enum Interest {
        /// Finished files, and the directory's own fate.
        case arrivals
        /// Each step of those that write files in place: creation, changes, the end.
        case writing

        fileprivate var mask: UInt32 {
            let common = UInt32(IN_MOVED_TO | IN_CLOSE_WRITE) | UInt32(IN_ONLYDIR) | UInt32(IN_EXCL_UNLINK)
            return switch self {
            case .arrivals: common | UInt32(IN_DELETE_SELF | IN_MOVE_SELF)
            case .writing: common | UInt32(IN_CREATE | IN_MODIFY | IN_MOVED_FROM)
            }
        }
    }

    private let descriptor: FileDescriptor
    private var buffer = [UInt8](repeating: 0, count: 32_768)

    /// What stands before a name, and the most that one notice takes: the longest name and its NUL.
    private static let headBytes = 16
    private static let limitBytes = headBytes + 256

    /// Opens a notification queue (inotify_init1(2)).
    package init() throws(SystemCallError) {
        let number = try systemCall("inotify_init1", "") { Int(inotify_init1(Int32(IN_NONBLOCK) | Int32(IN_CLOEXEC))) }
        descriptor = FileDescriptor(owning: Int32(number))
    }

    /// For waiting until there are notices to read.
    package var number: Int32 { descriptor.number }

    /// Watches the directory at `path` (inotify_add_watch(2)).
    ///
    /// - Returns: The watch's number; the same directory gives the same number again.
    package func watch(_ path: String, for interest: Interest) throws(SystemCallError) -> Int32 {
        let number = try systemCall("inotify_add_watch", path) {
            unsafe Int(path.withCString { unsafe inotify_add_watch(descriptor.number, $0, interest.mask) })
        }
        return Int32(number)
    }

    /// Stops watching; notices already queued may still come.
    package func forget(_ watch: Int32) { _ = inotify_rm_watch(descriptor.number, watch) }

    /// Reads what is queued, up to one buffer full (about 400 names), in the order it happened.
    ///
    /// - Parameter body: Gets each notice, and the entry's name; empty where the notice is about the directory.
    /// - Returns: Whether more may wait: the kernel stops where nothing is left, or where the next has no room.
    package func read(_ body: (Notice, Span<UInt8>) -> Void) throws(SystemCallError) -> Bool {
        let filled: Int
        do {
            filled = try descriptor.read(into: &buffer, from: 0, object: "inotify")
        } catch  where error.isWouldBlock {
            return false
        }
        var offset = 0
        while offset + Self.headBytes <= filled {
            let (notice, name, next) = Self.notice(in: buffer.span, at: offset)
            body(notice, buffer.span.extracting(name))
            offset = next
        }
        return filled + Self.limitBytes > buffer.count
    }

    /// The notice that begins at `offset`, where its name lies, and where the next one begins.
    private static func notice(
        in bytes: borrowing Span<UInt8>, at offset: Int
    ) -> (Notice, name: Range<Int>, next: Int) {
        // struct inotify_event: watch, mask, cookie, name length (4 bytes each), then the name padded with NULs.
        let start = offset + headBytes
        let next = start + Int(bytes.word(at: offset + 12))
        var end = next
        while end > start, bytes[end - 1] == 0 { end -= 1 }
        let notice = Notice(
            watch: Int32(bitPattern: bytes.word(at: offset)), mask: bytes.word(at: offset + 4),
            cookie: bytes.word(at: offset + 8))
        return (notice, start..<end, next)
    }
}

extension Span<UInt8> {
    /// Four bytes as the kernel writes them, in the machine's own order; all machines Swift runs Linux on are little-endian.
    fileprivate func word(at offset: Int) -> UInt32 {
        UInt32(self[offset]) | UInt32(self[offset + 1]) << 8 | UInt32(self[offset + 2]) << 16
            | UInt32(self[offset + 3]) << 24
    }
}
