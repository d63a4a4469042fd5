internal import WSQueueCore
internal import WSQueueOperation
internal import WSQueueSpool
internal import WSQueueSystem

/// What waits, what has failed, and what the clock has to do with it.
extension Doctor {
    mutating func examineFiles(_ contents: QueueContents, _ holder: QueueHolder) {
        if let fault = contents.fault {
            return add(.note, "what waits cannot be seen: \(fault)", fix: "sudo wsqueue-server doctor")
        }
        examineOldest(contents, holder)
        if let failed = contents.failed, failed.count > 0 {
            let newest = failed.newest.first.map { ", the newest \($0.name): \($0.reason)" } ?? ""
            add(
                .warning, "could not be accepted: \(failed.count) in .failed\(newest)",
                fix: "wsqueue-server queue ls -d \(path), then queue requeue or queue rm")
        }
        if contents.held > 0 {
            let age = unix - contents.oldestHeldNanoseconds
            add(
                age > Self.longHeldNanoseconds ? .warning : .note,
                "\(contents.held) events are held back, one of them for \(spanText(age))",
                fix: "wsqueue-publish -d \(path) --release ID, or --abort ID")
        }
        if contents.abandoned > 0 {
            add(
                .warning, "\(contents.abandoned) hidden files have rested for an hour: their publishers have died",
                fix: "find \(path) -maxdepth 1 -type f -name '.*.tmp' -mmin +60 -delete (a server does it, too)")
        }
        if contents.foreign > 0 {
            add(
                .note,
                "\(contents.foreign) visible files are no events and are left alone, such as "
                    + TerminalText.plain(contents.foreignName),
                fix: "mv \(path)/\(TerminalText.shellWord(contents.foreignName)) elsewhere")
        }
    }

    private mutating func examineOldest(_ contents: QueueContents, _ holder: QueueHolder) {
        guard contents.waiting > 0 else { return }
        let age = unix - contents.oldestNanoseconds
        guard age > Self.longWaitNanoseconds else { return }
        let text = "\(contents.waiting) events wait, the oldest for \(spanText(age))"
        if holder.isHeld == true {
            add(
                .warning, text + ", though a server holds the queue",
                fix: configuration.holdsWithoutClients
                    ? "open a client: --hold-without-clients waits for one" : "look at the server's log")
        } else {
            add(.error, text + ", and no server holds the queue", fix: "systemctl start wsqueue-server")
        }
    }

    mutating func examineClock(_ contents: QueueContents, _ status: FileStatus) {
        if contents.ahead > 0 {
            let ahead = contents.farthestNanoseconds - unix
            if ahead > Self.clockToleranceNanoseconds {
                add(
                    .warning,
                    "\(contents.ahead) events carry a time that lies ahead, by up to \(spanText(ahead)): the clock of "
                        + "their publisher, or of this machine, is wrong",
                    fix: "timedatectl set-ntp true")
            }
        }
        let newest = max(contents.newestServerNanoseconds, status.modifiedNanoseconds)
        if newest - unix > Self.clockToleranceNanoseconds {
            add(
                .warning,
                "the clock has been set back: the queue was changed \(spanText(newest - unix)) after now",
                fix: "timedatectl set-ntp true")
        }
    }

    private static let longWaitNanoseconds: Int64 = 60_000_000_000
    private static let longHeldNanoseconds: Int64 = 3_600_000_000_000
    private static let clockToleranceNanoseconds: Int64 = 2_000_000_000
}
