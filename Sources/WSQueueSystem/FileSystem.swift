internal import CWSQueueLinux
internal import WSQueueLibc

/// A file system that this machine alone changes, and whose directories have fine mtimes (statfs(2)).
package enum LocalFileSystem: Sendable {
    /// A disk, or memory: inotify tells of all changes.
    case disk
    /// What is written to the layer below is not noticed.
    case overlay

    /// Which one holds `path`; `nil` for all others, and where that cannot be told.
    package static func holding(_ path: String) -> LocalFileSystem? {
        var raw = statfs()
        guard unsafe path.withCString({ unsafe statfs($0, &raw) }) == 0 else { return nil }
        // Some have their highest bit set, and are negative where 32 bits hold them.
        let magic = Int(raw.f_type) & 0xFFFF_FFFF
        if magic == FileSystem.Kind.overlay.rawValue { return .overlay }
        return disks.contains(magic) ? .disk : nil
    }

    // Of ext2 to ext4, XFS, Btrfs, F2FS, bcachefs, ZFS, tmpfs and ramfs (linux/magic.h).
    private static let disks: Set<Int> = [
        0xEF53, 0x5846_5342, 0x9123_683E, 0xF2F5_2010, 0xCA45_1A4E, 0x2FC1_2FC1, 0x0102_1994, 0x8584_58F6,
    ]
}

/// The file system that a directory is in (statfs(2)).
package struct FileSystem: Sendable {
    /// The kinds that matter to a queue; everything else is a disk.
    package enum Kind: Int, Sendable {
        case memory = 0x0102_1994
        case initialMemory = 0x8584_58F6
        case nfs = 0x6969
        case plan9 = 0x0102_1997
        case cifs = 0xFF53_4D42
        case smb2 = 0xFE53_4D42
        case fuse = 0x6573_5546
        case overlay = 0x794C_7630

        /// What mount(8) calls it.
        package var name: String {
            switch self {
            case .memory: "tmpfs"
            case .initialMemory: "ramfs"
            case .nfs: "nfs"
            case .plan9: "9p"
            case .cifs, .smb2: "cifs"
            case .fuse: "fuse"
            case .overlay: "overlay"
            }
        }
    }

    /// `nil` for one that is like a disk.
    package let kind: Kind?
    package let isReadOnly: Bool
    /// What a user may still write, and all there is, in bytes.
    package let freeBytes: Int64
    package let totalBytes: Int64
    /// How many files can still be made, and how many there can be; 0 in all where that has no limit.
    package let freeFiles: Int64
    package let totalFiles: Int64

    /// Makes one of its figures.
    package init(
        kind: Kind?, isReadOnly: Bool, freeBytes: Int64, totalBytes: Int64, freeFiles: Int64, totalFiles: Int64
    ) {
        self.kind = kind
        self.isReadOnly = isReadOnly
        self.freeBytes = freeBytes
        self.totalBytes = totalBytes
        self.freeFiles = freeFiles
        self.totalFiles = totalFiles
    }

    /// Looks at the file system that holds `path`.
    package static func holding(_ path: String) throws(SystemCallError) -> FileSystem {
        var raw = statfs()
        _ = try systemCall("statfs", path) { unsafe Int(path.withCString { unsafe statfs($0, &raw) }) }
        let block = Int64(raw.f_frsize != 0 ? raw.f_frsize : raw.f_bsize)
        return FileSystem(
            // Some magic numbers have their highest bit set, and are negative where 32 bits hold them.
            kind: Kind(rawValue: Int(raw.f_type) & 0xFFFF_FFFF), isReadOnly: raw.f_flags & 1 != 0,
            freeBytes: Int64(clamping: raw.f_bavail) * block, totalBytes: Int64(clamping: raw.f_blocks) * block,
            freeFiles: Int64(clamping: raw.f_ffree), totalFiles: Int64(clamping: raw.f_files))
    }
}
