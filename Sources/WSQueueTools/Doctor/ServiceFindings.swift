internal import WSQueueNet
internal import WSQueueOperation

/// The unit, and the server that runs.
enum ServiceFindings {
    static func all(_ facts: DoctorFacts) -> [Finding] {
        (facts.service.unit.map { findings($0, facts) } ?? []) + server(facts)
    }

    private static func findings(_ unit: ServiceUnit, _ facts: DoctorFacts) -> [Finding] {
        let configuration = facts.configuration
        let tellsTime = unit["Type"]?.hasPrefix("notify") == true
        var findings: [Finding] = []
        if let stop = unit.milliseconds("TimeoutStopSec"), stop <= configuration.drainMilliseconds, !tellsTime {
            let seconds = configuration.drainMilliseconds / 1_000
            findings.append(
                Finding(
                    .warning, "\(unit.path): TimeoutStopSec ends a drain of \(seconds) s before its time",
                    fix: "TimeoutStopSec=\(seconds + 10), or Type=notify"))
        }
        if !tellsTime {
            findings.append(
                Finding(
                    .note,
                    "\(unit.path): Type=\(unit["Type"] ?? "simple"): systemd does not know when clients can connect",
                    fix: "Type=notify"))
        }
        if let text = unit["LimitNOFILE"]?.split(separator: ":").last, let limit = Int(text) {
            let possible = DescriptorBudget.possibleClients(descriptors: limit, threads: configuration.threads)
            if configuration.clientLimit > possible {
                findings.append(
                    Finding(
                        .warning,
                        "\(unit.path): LimitNOFILE=\(limit) gives room for \(possible) of --clients "
                            + "\(configuration.clientLimit)",
                        fix: "LimitNOFILE=\(configuration.clientLimit + limit - possible)"))
            }
        }
        return findings + users(unit) + sandbox(unit, configuration.queuePath)
    }

    /// systemd's own user namespace knows root and the unit's user; `identity` and `full` know more.
    private static func users(_ unit: ServiceUnit) -> [Finding] {
        guard let given = unit["PrivateUsers"]?.lowercased(), ["1", "yes", "true", "on", "self"].contains(given) else {
            return []
        }
        return [
            Finding(
                .warning,
                "\(unit.path): PrivateUsers=\(given) makes one owner of all who publish, so that their ids are not "
                    + "kept apart and no server starts with --publishers",
                fix: "PrivateUsers=no")
        ]
    }

    private static func sandbox(_ unit: ServiceUnit, _ queue: String) -> [Finding] {
        guard queue.hasPrefix("/"), !unit.mayWrite(queue) else { return [] }
        return [
            Finding(
                .error, "\(unit.path): ProtectSystem=strict, and ReadWritePaths does not name the queue",
                fix: "ReadWritePaths=\(queue)")
        ]
    }

    private static func server(_ facts: DoctorFacts) -> [Finding] {
        let (holder, contents) = (facts.service.holder, facts.contents)
        if holder.isHeld == nil {
            return [
                Finding(
                    .note,
                    "whether a server holds the queue cannot be told: it is an older one, or runs as another user than "
                        + "the owner of the directory",
                    fix: "chown its user \(facts.path), and start it anew")
            ]
        }
        guard holder.isHeld == true else {
            guard holder.isHeld == false, contents.waiting == 0 || contents.fault != nil else { return [] }
            return [
                Finding(.note, "no server holds the queue: what is published waits", fix: facts.startingLine)
            ]
        }
        let who = holder.process.map { "the server with pid \($0)" } ?? "a server"
        for answer in facts.service.answers {
            switch answer.health?.status {
            case 200: return [Finding(.note, "\(who) holds the queue and is ready at \(answer.address)")]
            case 503:
                return [
                    Finding(
                        .error, "\(who) is not ready: \(answer.health?.reasons ?? "")",
                        fix: "curl -s http://\(answer.address)/ready")
                ]
            default: continue
            }
        }
        guard !facts.service.answers.isEmpty else { return [] }
        return [
            Finding(
                .warning,
                "\(who) holds the queue, and does not answer at "
                    + (holder.addresses.isEmpty ? facts.configuration.addresses : holder.addresses)
                    .map(\.description).joined(separator: ", "),
                fix: holder.addresses.isEmpty
                    ? "give doctor the server's own --listen or --config; if these are: systemctl restart wsqueue-server"
                    : "systemctl restart wsqueue-server"
            )
        ]
    }
}
