internal import WSQueueLibc

/// What stat(2) tells about a file.
package struct FileStatus: Equatable, Sendable {
    /// What a directory entry leads to.
    package enum Kind: String, Sendable {
        case regular = "regular file"
        case directory
        case symbolicLink = "symbolic link"
        case fifo = "FIFO"
        case socket
        case characterDevice = "character device"
        case blockDevice = "block device"
        case unknown = "unknown kind of file"
    }

    package let kind: Kind
    package let device: UInt64
    package let inode: UInt64
    package let sizeBytes: Int64
    /// What it takes on the disk: less than its size where it has holes.
    package let allocatedBytes: Int64
    /// The permission bits, without the file type.
    package let mode: UInt32
    package let owner: UInt32
    package let group: UInt32
    package let links: UInt64
    /// Last change of the contents, nanoseconds since 1970.
    package let modifiedNanoseconds: Int64
    /// Last change of contents, name or attributes, nanoseconds since 1970.
    package let changedNanoseconds: Int64

    /// Which file it is, whatever its name.
    package var identity: FileIdentity { FileIdentity(device: device, inode: inode) }

    /// Whether this is the same file with, by all signs, the same contents.
    package func hasContents(of other: FileStatus) -> Bool {
        identity == other.identity && sizeBytes == other.sizeBytes
            && modifiedNanoseconds == other.modifiedNanoseconds
    }

    /// Whether, in this directory, others than a user and root can give that user's files other names (rename(2)).
    package func letsOthersRename(filesOf user: UInt32) -> Bool {
        let (othersMayWrite, sticky): (UInt32, UInt32) = (0o022, 0o1000)
        if owner != user, owner != 0 { return true }
        return mode & othersMayWrite != 0 && mode & sticky == 0
    }

    init(_ raw: stat) {
        kind =
            switch raw.st_mode & S_IFMT {
            case S_IFREG: .regular
            case S_IFDIR: .directory
            case S_IFLNK: .symbolicLink
            case S_IFIFO: .fifo
            case S_IFSOCK: .socket
            case S_IFCHR: .characterDevice
            case S_IFBLK: .blockDevice
            default: .unknown
            }
        device = UInt64(raw.st_dev)
        inode = UInt64(raw.st_ino)
        sizeBytes = Int64(raw.st_size)
        allocatedBytes = Int64(raw.st_blocks) * 512
        mode = UInt32(raw.st_mode & 0o7777)
        owner = raw.st_uid
        group = raw.st_gid
        links = UInt64(raw.st_nlink)
        modifiedNanoseconds = Self.nanoseconds(raw.st_mtim)
        changedNanoseconds = Self.nanoseconds(raw.st_ctim)
    }

    /// Anyone may give a file any time; what lies centuries away is cut, so that differences of times are safe.
    private static func nanoseconds(_ time: timespec) -> Int64 {
        let limit: Int64 = 1 << 32
        let seconds = max(-limit, min(limit, Int64(time.tv_sec)))
        return seconds * 1_000_000_000 + Int64(time.tv_nsec)
    }
}

/// Which file or directory, whatever its name: two statuses with the same identity are of the same one.
package struct FileIdentity: Equatable, Sendable {
    package let device: UInt64
    package let inode: UInt64
}
