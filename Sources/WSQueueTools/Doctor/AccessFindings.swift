internal import WSQueueCore
internal import WSQueueOperation
internal import WSQueueSystem

/// Who may do what in the queue: tried where that is possible, computed where not.
enum AccessFindings {
    static func all(_ facts: DoctorFacts) -> [Finding] {
        facts.access.publishers.flatMap { findings($0, facts) + rules($0, facts) } + server(facts)
    }

    private static func findings(_ publisher: AccessFacts.Publisher, _ facts: DoctorFacts) -> [Finding] {
        switch publisher.trial {
        case .computed(isAllowed: true): [computed("\(publisher.account) may publish")]
        case .computed(isAllowed: false):
            [refused(publisher.account, "create files", "the mode bits say so, which was not tried", facts)]
        case .tried(let failures) where !failures.isEmpty:
            failures.map { refused(publisher.account, $0.step, $0.reason, facts) }
        case .tried: serving(publisher, facts)
        }
    }

    /// Whether the operator's rules let this publisher publish anything.
    private static func rules(_ publisher: AccessFacts.Publisher, _ facts: DoctorFacts) -> [Finding] {
        guard publisher.isWithoutRule, let path = facts.configuration.publisherRulesPath else { return [] }
        return [
            Finding(
                .error,
                "\(publisher.account) may publish nothing: no rule of --publishers is about it, and its events go to "
                    + ".failed/",
                fix: "add {\"from\":[\"\(publisher.account.name)\"]} to \(path), and send the server a HUP")
        ]
    }

    /// Whether the server can take what this publisher writes.
    private static func serving(_ publisher: AccessFacts.Publisher, _ facts: DoctorFacts) -> [Finding] {
        let server = facts.access.server
        return publisher.serving.compactMap { failure in
            guard failure.step == "read events" || failure.step == "delete events" else { return nil }
            return Finding(
                .error,
                "the server (\(server)) may not \(failure.step) of \(publisher.account): \(failure.reason)",
                fix: failure.step == "read events"
                    ? "\(joining(server, facts)) && chmod g+s \(facts.path)" : "chown \(word(server)) \(facts.path)")
        }
    }

    private static func refused(
        _ account: Account, _ step: String, _ reason: String, _ facts: DoctorFacts
    ) -> Finding {
        let isShared = facts.directory.mode & 0o030 == 0o030
        let joining = joining(account, facts)
        return Finding(
            .error, "\(account) may not \(step) in the queue: \(reason)",
            fix: isShared && !account.groups.contains(facts.directory.group)
                ? joining : "chmod 3730 \(facts.path) (and the group: \(joining))")
    }

    /// What lets an account into the queue's group. No one becomes a member of root's for the sake of events.
    private static func joining(_ account: Account, _ facts: DoctorFacts) -> String {
        guard facts.directory.group == 0 else {
            return "usermod -aG \(TerminalText.shellWord(facts.directory.groupName)) \(word(account))"
        }
        return "groupadd -f wsqueue-publish && chgrp wsqueue-publish \(facts.path) && "
            + "usermod -aG wsqueue-publish \(word(account))"
    }

    private static func word(_ account: Account) -> String { TerminalText.shellWord(account.name) }

    private static func computed(_ text: String) -> Finding {
        Finding(
            .note, "\(text), computed from the mode bits", fix: "sudo wsqueue-server doctor, which tries it")
    }

    private static func server(_ facts: DoctorFacts) -> [Finding] {
        let server = facts.access.server
        switch facts.access.serverTrial {
        case .computed(isAllowed: true): return [computed("the server (\(server)) may list, read and delete")]
        case .computed(isAllowed: false):
            return [
                Finding(
                    .error,
                    "the server (\(server)) may not list, read and delete: the mode bits say so, which was not tried",
                    fix: "chown \(word(server)) \(facts.path)")
            ]
        case .tried(let failures): return failures.map { finding($0, server, facts) }
        }
    }

    private static func finding(_ failure: Prober.Failure, _ server: Account, _ facts: DoctorFacts) -> Finding {
        guard failure.step != Prober.watching else {
            return Finding(
                .warning,
                "the server (\(server)) cannot watch the queue: \(failure.reason); events are found by looking, up "
                    + "to \(facts.configuration.pollMilliseconds) ms later",
                fix: "sysctl fs.inotify.max_user_instances=1024 fs.inotify.max_user_watches=524288")
        }
        let isInside = failure.step.hasPrefix("write to ")
        return Finding(
            .error, "the server (\(server)) may not \(failure.step): \(failure.reason)",
            fix: isInside
                ? "chown -R \(word(server)) \(facts.path)/\(failure.step.dropFirst("write to ".count))"
                : "chown \(word(server)) \(facts.path)")
    }
}
