internal import WSQueueCore
internal import WSQueueOperation
internal import WSQueueSystem

/// Who may do what in the queue: tried where that is possible, computed where not.
extension Doctor {
    mutating func examine(publisher: Account, _ server: Account, _ status: FileStatus) {
        let file = trialName()
        defer { removeTrial(file) }
        switch prober.attempt(.publish, as: publisher, file: file) {
        case .untried:
            if publisher.may(3, status) { return addComputed("\(publisher) may publish") }
            addRefused(publisher, "create files", "the mode bits say so, which was not tried", status)
        case .tried(let failures):
            for failure in failures { addRefused(publisher, failure.step, failure.reason, status) }
            guard failures.isEmpty else { return }
            examine(server: server, eventOf: publisher, file, status)
        }
    }

    /// Whether the server can take what this publisher writes.
    private mutating func examine(
        server: Account, eventOf publisher: Account, _ file: FileName, _ status: FileStatus
    ) {
        guard case .tried(let failures) = prober.attempt(.serve, as: server, file: file) else { return }
        for failure in failures where failure.step == "read events" || failure.step == "delete events" {
            add(
                .error, "the server (\(server)) may not \(failure.step) of \(publisher): \(failure.reason)",
                fix: failure.step == "read events"
                    ? "\(joining(server, status)) && chmod g+s \(path)"
                    : "chown \(server) \(path)")
        }
    }

    private mutating func addRefused(_ account: Account, _ step: String, _ reason: String, _ status: FileStatus) {
        let isShared = status.mode & 0o030 == 0o030
        let joining = joining(account, status)
        add(
            .error, "\(account) may not \(step) in the queue: \(reason)",
            fix: isShared && !account.groups.contains(status.group)
                ? joining : "chmod 3730 \(path) (and the group: \(joining))")
    }

    /// What lets an account into the queue's group. Nobody becomes a member of root's for the sake of events.
    private func joining(_ account: Account, _ status: FileStatus) -> String {
        guard status.group == 0 else {
            return "usermod -aG \(TerminalText.shellWord(Account.groupName(status.group))) \(account)"
        }
        return "groupadd -f wsqueue-publish && chgrp wsqueue-publish \(path) && usermod -aG wsqueue-publish \(account)"
    }

    private mutating func addComputed(_ text: String) {
        add(.note, "\(text), computed from the mode bits", fix: "sudo wsqueue-server doctor, which tries it")
    }

    mutating func examine(server: Account, _ status: FileStatus) {
        let file = trialName()
        defer { removeTrial(file) }
        guard case .tried(let failures) = prober.attempt(.serve, as: server, file: file) else {
            let mayWork = server.may(7, status)
            if mayWork { return addComputed("the server (\(server)) may list, read and delete") }
            return add(
                .error,
                "the server (\(server)) may not list, read and delete: the mode bits say so, which was not tried",
                fix: "chown \(server) \(path)")
        }
        for failure in failures {
            guard failure.step != Prober.watching else {
                add(
                    .warning,
                    "the server (\(server)) cannot watch the queue: \(failure.reason); events are found by looking, up "
                        + "to \(configuration.pollMilliseconds) ms later",
                    fix: "sysctl fs.inotify.max_user_instances=1024 fs.inotify.max_user_watches=524288")
                continue
            }
            let isInside = failure.step.hasPrefix("write to ")
            add(
                .error, "the server (\(server)) may not \(failure.step): \(failure.reason)",
                fix: isInside
                    ? "chown -R \(server) \(path)/\(failure.step.dropFirst("write to ".count))"
                    : "chown \(server) \(path)")
        }
    }

    private func trialName() -> FileName { FileName(".doctor-\(Process.identifier)-\(findings.count).tmp") }

    /// Whatever is left of a trial.
    private func removeTrial(_ file: FileName) {
        guard let directory = try? Directory.openUnlisted(configuration.queuePath) else { return }
        try? directory.remove(file)
        try? directory.remove(file.appending(".tmp"))
    }
}
