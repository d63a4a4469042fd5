internal import WSQueueArguments
internal import WSQueueCore
internal import WSQueuePublish
internal import WSQueueSpool
internal import WSQueueSystem

extension ParsedArguments {
    /// For how long `--wait` waits; `nil` without it.
    func waitingTime() throws(ArgumentFault) -> Duration? {
        guard has(.wait) else { return nil }
        return try value(.wait, as: Quantity.parseDuration) ?? .seconds(5)
    }
}

extension Publisher {
    /// Waits for the server as `--wait` asks.
    ///
    /// - Parameters:
    ///   - file: The event's file, opened before the server could take it.
    ///   - isTold: Whether it is said how long it took.
    func wait(
        for receipt: Receipt, _ duration: Duration, watching file: consuming FileDescriptor?, isTold: Bool
    ) throws(CommandFault) {
        let start = Clock.monotonicNanoseconds()
        let delivery: Delivery
        do {
            delivery = try wait(for: receipt, atMost: duration, watching: file)
        } catch {
            throw .publishing(PublishError(unwatchable: receipt, error))
        }
        switch delivery {
        case .done:
            guard isTold else { return }
            let microseconds = (Clock.monotonicNanoseconds() - start) / 1_000
            Console.report("wsqueue-publish: sent after \(microseconds / 1_000).\(microseconds / 100 % 10) ms")
        case .refused(let reason):
            // Why is for the server's user to read.
            let whereToLook =
                "its operator, wsqueue-server queue ls -d \(TerminalText.shellWord(directory)) failed, and its log "
                + "(event.rejected) tell why"
            throw .unsent(
                UnsentEvent(
                    .refused,
                    "queued, but the server refused \(receipt.path): \(reason.isEmpty ? whereToLook : reason)"))
        case .stillQueued:
            throw .unsent(
                UnsentEvent(
                    .stillQueued,
                    "queued, and \(receipt.path) is still there: it waits to be sent, or it was sent and the server may "
                        + "not delete it; do not publish it again: look at the log of wsqueue-server, or wait longer"))
        case .noServer:
            throw .unsent(
                UnsentEvent(
                    .noServer,
                    "\(receipt.path) is queued, but no wsqueue-server holds this queue; it will be sent when "
                        + "one starts, do not publish it again: \(startingLine)"
                ))
        }
    }

    /// The command that starts a server for this queue.
    private var startingLine: String {
        if directory == DefaultQueue.installed {
            // Where systemd runs (sd_booted(3)), the package's server is its to start. With --dir it would go without its
            // settings, and as another user without its journal.
            let isBooted = (try? Directory.status(at: "/run/systemd/system")) != nil
            return isBooted ? "systemctl start wsqueue-server" : "start wsqueue-server as the user of this directory"
        }
        return "start wsqueue-server -d \(TerminalText.shellWord(directory))"
    }
}
