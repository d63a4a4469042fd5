internal import WSQueueCore
package import WSQueueSpool
package import WSQueueSystem

extension PublishError {
    /// The queue directory could not be opened.
    init(opening path: String, _ error: SystemCallError) {
        let reason = "cannot open the queue directory \(Self.printable(path)): \(error.reason)"
        if error.isPermission {
            self.init(
                .notPermitted, reason: reason, circumstances: Caller.description,
                advice: "a directory above it\(Self.closed(above: path)) does not let this user through: "
                    + "chmod or chgrp that one, or run as a user who may")
        } else if error.isTryAgain {
            self.init(.tryAgain, reason: reason, advice: Self.later)
        } else {
            self.init(
                .noDirectory, reason: reason, circumstances: Self.place(of: path),
                advice: "create it, or name the directory that wsqueue-server reads")
        }
    }

    /// A step of writing into the open queue directory failed.
    package init(_ error: SpoolWriteError, directory: Directory) {
        let path = Self.printable(directory.path)
        let cause = error.cause
        let call = error.step == .create ? "" : "\(cause.call): "
        let reason = "cannot \(error.step.words) in the queue directory \(path): \(call)\(cause.reason)"
        let status = try? directory.status()
        let circumstances = [Caller.description, Self.describe(status), Self.place(of: directory.path)]
            .filter { !$0.isEmpty }.joined(separator: "; ")
        switch error.step {
        case .syncVisible:
            self.init(
                .publishedUnsafely, reason: "queued, but \(reason)", circumstances: circumstances,
                advice: "the event is in the queue and will be sent, but a power cut may take it: "
                    + "do not publish it again, look at the disk")
        case .create where cause.isNotFound && status?.links == 0:
            self.init(
                .noDirectory, reason: reason, circumstances: circumstances,
                advice: "it has been removed meanwhile: create it again")
        case _ where cause.isPermission:
            self.init(
                .notPermitted, reason: reason, circumstances: circumstances,
                advice: status.flatMap(Caller.wayIn)
                    ?? "let this user create files there (a queue for several users is mode 3730 with their group), "
                    + "or run as a user who may")
        case _ where cause.isTryAgain:
            self.init(.tryAgain, reason: reason, circumstances: circumstances, advice: Self.later)
        case .create where !cause.isDiskFull && !cause.isInputOutput:
            self.init(
                .cannotCreate, reason: reason, circumstances: circumstances,
                advice: cause.isReadOnly
                    ? "its file system is mounted read-only: mount it read-write, or move the queue"
                    : "look at what stands at that path")
        case _:
            self.init(
                .writeFailed, reason: reason, circumstances: circumstances,
                advice: "nothing was published: \(cause.wayOut), then publish again")
        }
    }

    private static let later = "nothing was published: publish again later"

    private static func describe(_ status: FileStatus?) -> String {
        guard let status else { return "the directory cannot be looked at" }
        let mode = String(status.mode, radix: 8)
        return "the directory belongs to \(Caller.user(status.owner)), \(Caller.group(status.group)), mode "
            + String(repeating: "0", count: max(0, 4 - mode.utf8.count)) + mode
    }

    /// Which directory above a path is closed to this user, as far as that can be seen.
    private static func closed(above path: String) -> String {
        var above = path.hasPrefix("/") ? "/" : "."
        for part in path.split(separator: "/") {
            let next = above == "/" ? "/\(part)" : "\(above)/\(part)"
            if (try? Directory.status(at: next)) == nil { return ", \(printable(above))," }
            above = next
        }
        return ""
    }

    /// Relative paths mean another place in every cron job.
    private static func place(of path: String) -> String {
        guard !path.hasPrefix("/"), let current = Process.currentDirectory() else { return "" }
        return "relative to \(printable(current))"
    }

    /// A path of any bytes on one line.
    private static func printable(_ path: String) -> String {
        path.isEmpty ? "\"\"" : TerminalText.plain(path)
    }
}

extension SystemCallError {
    /// What helps where a file could not be written.
    fileprivate var wayOut: String {
        if isNameTooLong { return "its file system takes no name so long: give the event a shorter id" }
        if isOverFileLimit { return "raise the limit for files of this process (ulimit -f)" }
        return isDiskFull ? "make room on that file system (df, df -i, quota)" : "look at the disk (dmesg)"
    }
}

extension SpoolWriteError.Step {
    fileprivate var words: String {
        switch self {
        case .create: "create a file"
        case .write: "write the event"
        case .sync: "sync the event"
        case .rename: "rename the event to its visible name"
        case .remove: "remove the event"
        case .look: "look for the event"
        case .syncVisible: "make the event's name durable"
        }
    }
}
