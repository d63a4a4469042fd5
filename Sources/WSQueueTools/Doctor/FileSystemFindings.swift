internal import WSQueueOperation
internal import WSQueueSystem

/// Where the queue lies: whether there is room, and whether that place keeps what it is given.
enum FileSystemFindings {
    static func all(_ facts: DoctorFacts) -> [Finding] {
        let found =
            switch facts.fileSystem {
            case .failure(let error): [Finding(.warning, "the file system cannot be looked at: \(error)")]
            case .success(let found): kind(of: found, facts) + room(in: found, facts)
            }
        return found + (facts.abilities.map(limits) ?? [])
    }

    /// What the file system cannot do, and what that costs.
    private static func limits(of abilities: FileSystemAbilities) -> [Finding] {
        var findings: [Finding] = []
        if !abilities.renamesWithoutReplacing, !abilities.links {
            findings.append(
                Finding(
                    .warning,
                    "the file system has neither RENAME_NOREPLACE nor hard links: publishers look whether a name is free "
                        + "and then rename, so two that publish one --id in the same instant leave one event",
                    fix: "a queue on a disk of this machine"))
        } else if !abilities.renamesWithoutReplacing {
            findings.append(
                Finding(.note, "the file system has no RENAME_NOREPLACE: publishers use link and unlink instead"))
        } else if !abilities.links {
            findings.append(Finding(.note, "the file system has no hard links; nothing here needs them"))
        }
        if abilities.tickNanoseconds >= 1_000_000_000 {
            findings.append(
                Finding(
                    .warning,
                    "times of files are in steps of \(abilities.tickNanoseconds / 1_000_000_000) s: files whose names say "
                        + "no time are ordered no finer, and the queue is listed each 2 s",
                    fix: "names that begin with the time, as wsqueue-publish makes them"))
        }
        if !abilities.notices {
            findings.append(
                Finding(
                    .warning, "inotify tells nothing of this directory: events are found by looking",
                    fix: "wsqueue-server --watch poll, or a queue on a disk of this machine"))
        }
        if !abilities.leases {
            findings.append(
                Finding(
                    .note,
                    "the file system has no leases: of a file that was open before the server came it cannot be told "
                        + "whether it is still written; it must rest for 2 s, a batch for 10 s"))
        }
        return findings
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
