internal import WSQueueOperation
internal import WSQueueSpool
package import WSQueueSystem

/// Tries what publishers and servers do in a queue, as the user in question: root becomes that user in a child, anybody
/// else can try only as oneself.
package struct Prober {
    /// What is tried.
    package enum Trial: String, Sendable {
        /// Write a hidden file and give it another hidden name.
        case publish
        /// List the directory, read that file and delete it, write in the journal, and watch.
        case serve
    }

    /// How a trial ended.
    package enum Outcome: Equatable, Sendable {
        /// What failed, step by step; nothing is good.
        case tried([Failure])
        /// It could not be tried as this user.
        case untried
    }

    /// A step that failed.
    package struct Failure: Equatable, Sendable {
        /// What was tried.
        package let step: String
        /// Why it failed, in words.
        package let reason: String

        /// Makes a failure.
        package init(step: String, reason: String) {
            self.step = step
            self.reason = reason
        }
    }

    /// What this program is started by again.
    private let program: [String]
    private let queuePath: String

    init(program: [String], queuePath: String) {
        self.program = program
        self.queuePath = queuePath
    }

    /// Tries as `account`.
    func attempt(_ trial: Trial, as account: Account, file: FileName) -> Outcome {
        if account.user == Process.user { return .tried(Self.carryOut(trial, queuePath, file: file)) }
        guard Process.user == 0 else { return .untried }
        let groups = account.groups.map { "\($0)" }.joined(separator: ",")
        let words =
            program + [
                "--try", "\(trial.rawValue):\(account.user):\(account.group):\(groups):\(file)", "--dir", queuePath,
            ]
        guard let child = try? ChildProcess.start(words) else { return .untried }
        let (output, end) = child.finish()
        guard end == .exited(0) else { return .untried }
        return .tried(
            String(decoding: output, as: UTF8.self).split(separator: "\n").compactMap { line in
                let parts = line.split(separator: "\t", maxSplits: 1)
                return parts.count == 2 ? Failure(step: String(parts[0]), reason: String(parts[1])) : nil
            })
    }

    /// The child's part: becomes the user that `words` name, and tries.
    ///
    /// - Returns: A line for each step that failed; `nil` when the words cannot be understood.
    /// - Throws: ``SystemCallError`` when it cannot become that user.
    package static func childReport(_ words: String, _ queuePath: String) throws(SystemCallError) -> String? {
        let parts = words.split(separator: ":", maxSplits: 4, omittingEmptySubsequences: false).map { String($0) }
        guard parts.count == 5, let trial = Trial(rawValue: parts[0]), let user = UInt32(parts[1]),
            let group = UInt32(parts[2])
        else { return nil }
        let groups = parts[3].split(separator: ",").compactMap { UInt32($0) }
        try Account(name: parts[1], user: user, group: group, groups: groups).become()
        return carryOut(trial, queuePath, file: FileName(parts[4])).map { "\($0.step)\t\($0.reason)\n" }.joined()
    }

    private static func carryOut(_ trial: Trial, _ path: String, file: FileName) -> [Failure] {
        switch trial {
        case .publish: publish(path, file)
        case .serve: serve(path, file)
        }
    }

    private static func publish(_ path: String, _ name: FileName) -> [Failure] {
        var step = "enter the directory"
        do throws(SystemCallError) {
            let directory = try Directory.openUnlisted(path)
            step = "create files"
            // The suffix of a file that a server removes after an hour, should it be left.
            let unfinished = name.appending(".tmp")
            let file = try directory.createFile(unfinished, mode: 0o600)
            step = "write"
            try file.writeAll("{}".utf8.span, object: path)
            try file.setMode(SpoolWriter.defaultMode, object: path)
            step = "rename files"
            do {
                try directory.renameWithoutReplacing(unfinished, to: name)
            } catch {
                try? directory.remove(unfinished)
                throw error
            }
            return []
        } catch {
            return [Failure(step: step, reason: error.reason)]
        }
    }

    private static func serve(_ path: String, _ name: FileName) -> [Failure] {
        let directory: Directory
        do throws(SystemCallError) {
            directory = try Directory.open(path)
            try directory.forEachName { _ in }
        } catch {
            return [Failure(step: "list the queue", reason: error.reason)]
        }
        var failures: [Failure] = []
        func attempt(_ step: String, _ body: () throws(SystemCallError) -> Void) {
            do throws(SystemCallError) {
                try body()
            } catch {
                failures.append(Failure(step: step, reason: error.reason))
            }
        }
        // Where no one could publish there is none.
        if (try? directory.status(of: name)) != nil {
            attempt("read events") { () throws(SystemCallError) in _ = try directory.openForReading(name) }
            attempt("delete events") { () throws(SystemCallError) in try directory.remove(name) }
        }
        let own = name.appending(".server.tmp")
        attempt("write in the queue") { () throws(SystemCallError) in
            _ = try directory.createFile(own, mode: 0o600)
            try directory.remove(own)
        }
        for name in [".lock", ".journal", ".failed"].map({ FileName($0) }) {
            // Of another's the server makes its own.
            guard let status = try? directory.status(of: name), status.owner == Process.user else { continue }
            attempt("write to \(name)") { () throws(SystemCallError) in
                guard status.kind == .directory else {
                    _ = try directory.openForUpdate(name)
                    return
                }
                let inner = try directory.openDirectory(name)
                _ = try inner.createFile(own, mode: 0o600)
                try inner.remove(own)
            }
        }
        attempt(watching) { () throws(SystemCallError) in _ = try Inotify().watch(path, for: .arrivals) }
        return failures
    }

    /// The step of a server that goes on without it.
    static let watching = "watch the queue"
}
