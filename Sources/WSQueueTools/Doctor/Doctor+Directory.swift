internal import WSQueueOperation
internal import WSQueueSystem

/// The directory, and where it lies.
extension Doctor {
    mutating func examineMode(_ status: FileStatus) {
        let mode = String(status.mode, radix: 8)
        let isSticky = status.mode & 0o1000 != 0
        let isShared = status.mode & 0o022 != 0
        if status.mode & 0o002 != 0 {
            add(
                isSticky ? .warning : .error,
                "mode \(mode) lets every user of this machine publish"
                    + (isSticky ? "" : " and replace others' events"),
                fix: "chgrp wsqueue-publish \(path) && chmod 3730 \(path)")
        } else if isShared, !isSticky {
            add(
                .warning, "mode \(mode) lets one publisher of the group \(group(status)) replace another's events",
                fix: "chmod +t \(path)")
        }
        if isShared, status.mode & 0o2000 == 0, status.mode & 0o002 == 0 {
            add(
                .note, "mode \(mode) without setgid: event files belong to their publishers' own groups",
                fix: "chmod g+s \(path)")
        }
        if status.mode & 0o040 != 0, isShared, status.mode & 0o002 == 0 {
            add(
                .note, "mode \(mode) lets the group \(group(status)) list others' events; fine for who trusts it",
                fix: "chmod g-r \(path)")
        }
        if !isShared {
            let owner = Account.named("\(status.owner)")?.name ?? "\(status.owner)"
            add(.note, "mode \(mode): only \(owner) may publish", fix: "chmod 3730 \(path)")
        }
    }

    private func group(_ status: FileStatus) -> String { Account.groupName(status.group) }

    mutating func examineFileSystem() {
        let found: FileSystem
        do throws(SystemCallError) {
            found = try FileSystem.holding(configuration.queuePath)
        } catch {
            return add(.warning, "the file system cannot be looked at: \(error)")
        }
        examineKind(found)
        if found.isReadOnly {
            add(
                .error, "the file system is mounted read-only",
                fix: "mount -o remount,rw $(findmnt -nT \(path) -o TARGET)")
        }
        // What the journal may still grow to, and one batch.
        let wanted = Int64(configuration.journalBytes + configuration.batchLimitBytes)
        if found.freeBytes < wanted {
            add(
                found.freeBytes < 1_048_576 ? .error : .warning,
                "\(found.freeBytes / 1_048_576) MiB are free; the journal and a batch may take "
                    + "\(wanted / 1_048_576) MiB",
                fix: "df -h \(path)")
        }
        if found.totalFiles > 0, found.freeFiles < Self.wantedFiles {
            add(
                found.freeFiles == 0 ? .error : .warning,
                "\(found.freeFiles) more files can be made; each waiting event is one", fix: "df -i \(path)")
        }
    }

    private mutating func examineKind(_ found: FileSystem) {
        guard let kind = found.kind else { return }
        switch kind {
        case .memory, .initialMemory:
            add(.note, "\(kind.name) is memory: --sync is for nothing, and events that wait go with the machine")
        case .nfs, .plan9, .cifs, .smb2, .fuse:
            add(
                .warning,
                "\(kind.name) tells nothing of what other machines write: events are found by looking, up to "
                    + "\(configuration.pollMilliseconds) ms later",
                fix: "wsqueue-server --watch poll, or a queue on a disk of this machine")
        case .overlay:
            add(
                .warning, "overlay is a container's own layer: events that wait and the journal go with the container",
                fix: "docker run -v wsqueue:\(path) (a volume), or --dir on one")
        }
    }

    private static let wantedFiles: Int64 = 10_000
}
