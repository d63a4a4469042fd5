internal import WSQueueNet
internal import WSQueueOperation
internal import WSQueueSystem

/// The unit, and the server that runs.
extension Doctor {
    mutating func examine(_ unit: ServiceUnit) {
        let tellsTime = unit["Type"]?.hasPrefix("notify") == true
        if let stop = unit.milliseconds("TimeoutStopSec"), stop <= configuration.drainMilliseconds, !tellsTime {
            add(
                .warning,
                "\(unit.path): TimeoutStopSec ends a drain of \(configuration.drainMilliseconds / 1_000) s before its time",
                fix: "TimeoutStopSec=\(configuration.drainMilliseconds / 1_000 + 10), or Type=notify")
        }
        if !tellsTime {
            add(
                .note, "\(unit.path): Type=\(unit["Type"] ?? "simple"): systemd does not know when clients can connect",
                fix: "Type=notify")
        }
        if let text = unit["LimitNOFILE"]?.split(separator: ":").last, let limit = Int(text) {
            let possible = DescriptorBudget.possibleClients(descriptors: limit, threads: configuration.threads)
            if configuration.clientLimit > possible {
                add(
                    .warning,
                    "\(unit.path): LimitNOFILE=\(limit) gives room for \(possible) of --clients \(configuration.clientLimit)",
                    fix: "LimitNOFILE=\(configuration.clientLimit + limit - possible)")
            }
        }
        let writable = (unit["ReadWritePaths"] ?? "").split(separator: " ")
        if unit["ProtectSystem"] == "strict", configuration.queuePath.hasPrefix("/"),
            !writable.contains(where: { configuration.queuePath == $0 || configuration.queuePath.hasPrefix("\($0)/") })
        {
            add(
                .error, "\(unit.path): ProtectSystem=strict, and ReadWritePaths does not name the queue",
                fix: "ReadWritePaths=\(configuration.queuePath)")
        }
    }

    mutating func examineService(_ holder: QueueHolder, _ contents: QueueContents) {
        guard holder.isHeld == true else {
            if holder.isHeld == false, contents.waiting == 0 || contents.fault != nil {
                add(.note, "no server holds the queue: what is published waits", fix: "systemctl start wsqueue-server")
            }
            return
        }
        let who = holder.process.map { "the server with pid \($0)" } ?? "a server"
        var wasAsked = false
        for address in configuration.addresses where !address.isAnyPort {
            wasAsked = true
            guard let answer = HealthQuestion.ask(address) else { continue }
            guard answer.status != 200 else { return add(.note, "\(who) holds the queue and is ready at \(address)") }
            guard answer.status == 503 else { continue }
            return add(.error, "\(who) is not ready: \(answer.reasons)", fix: "curl -s http://\(address)/ready")
        }
        if wasAsked {
            add(
                .warning,
                "\(who) holds the queue, and does not answer at "
                    + configuration.addresses.map(\.description).joined(separator: ", "),
                fix: "give doctor the server's own --listen or --config; if these are: systemctl restart wsqueue-server"
            )
        }
    }
}
