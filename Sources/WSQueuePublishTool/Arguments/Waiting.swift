internal import WSQueueArguments
internal import WSQueueCore
internal import WSQueuePublish
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
    /// - Parameter file: The event's file, opened before the server could take it.
    func wait(
        for receipt: Receipt, _ duration: Duration, watching file: consuming FileDescriptor?
    ) throws(CommandFault) {
        let delivery: Delivery
        do {
            delivery = try wait(for: receipt, atMost: duration, watching: file)
        } catch {
            throw .publishing(
                PublishError(
                    .publishedUnsafely, reason: "queued \(receipt.path), but it cannot be waited for: \(error.reason)",
                    circumstances: error.circumstances, advice: "do not publish it again"))
        }
        switch delivery {
        case .done: return
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
                        + "one starts, do not publish it again: start wsqueue-server -d \(TerminalText.shellWord(directory))"
                ))
        }
    }
}
