internal import WSQueueOperation
internal import WSQueueSystem

/// Where the queue lies: whether there is room, and whether that place keeps what it is given.
enum FileSystemFindings {
    static func all(_ facts: DoctorFacts) -> [Finding] {
        switch facts.fileSystem {
        case .failure(let error): [Finding(.warning, "the file system cannot be looked at: \(error)")]
        case .success(let found): kind(of: found, facts) + room(in: found, facts)
        }
    }

    private static func kind(of found: FileSystem, _ facts: DoctorFacts) -> [Finding] {
        guard let kind = found.kind else { return [] }
        return switch kind {
        case .memory, .initialMemory:
            [
                Finding(
                    .note, "\(kind.name) is memory: --sync is for nothing, and events that wait go with the machine")
            ]
        case .nfs, .plan9, .cifs, .smb2, .fuse:
            [
                Finding(
                    .warning,
                    "\(kind.name) tells nothing of what other machines write: events are found by looking, up to "
                        + "\(facts.configuration.pollMilliseconds) ms later",
                    fix: "wsqueue-server --watch poll, or a queue on a disk of this machine")
            ]
        case .overlay:
            [
                Finding(
                    .warning,
                    "overlay is a container's own layer: events that wait and the journal go with the container",
                    fix: "docker run -v wsqueue:\(facts.path) (a volume), or --dir on one")
            ]
        }
    }

    private static func room(in found: FileSystem, _ facts: DoctorFacts) -> [Finding] {
        var findings: [Finding] = []
        if found.isReadOnly {
            findings.append(
                Finding(
                    .error, "the file system is mounted read-only",
                    fix: "mount -o remount,rw $(findmnt -nT \(facts.path) -o TARGET)"))
        }
        // What the journal may still grow to, and one batch.
        let wanted = Int64(facts.configuration.journalBytes + facts.configuration.batchLimitBytes)
        if found.freeBytes < wanted {
            findings.append(
                Finding(
                    found.freeBytes < 1_048_576 ? .error : .warning,
                    "\(found.freeBytes / 1_048_576) MiB are free; the journal and a batch may take "
                        + "\(wanted / 1_048_576) MiB",
                    fix: "df -h \(facts.path)"))
        }
        if found.totalFiles > 0, found.freeFiles < wantedFiles {
            findings.append(
                Finding(
                    found.freeFiles == 0 ? .error : .warning,
                    "\(found.freeFiles) more files can be made; each waiting event is one",
                    fix: "df -i \(facts.path)"))
        }
        return findings
    }

    private static let wantedFiles: Int64 = 10_000
}
