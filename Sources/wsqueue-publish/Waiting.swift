internal import WSQueueArguments
internal import WSQueuePublish

extension ParsedArguments {
    /// For how long `--wait` waits; `nil` without it.
    func waitingTime() throws(ArgumentFault) -> Duration? {
        guard has(.wait) else { return nil }
        return try value(.wait, as: Quantity.parseDuration) ?? .seconds(5)
    }
}

extension Publisher {
    /// Waits for the server as `--wait` asks.
    func wait(for receipt: Receipt, _ duration: Duration) throws {
        switch try wait(for: receipt, atMost: duration) {
        case .done: return
        case .refused(let reason): throw WaitError(.badData, "the server did not accept \(receipt.path): \(reason)")
        case .stillQueued:
            throw WaitError(
                .tryAgain,
                "\(receipt.path) still waits in the queue; it will be sent, do not publish it again: look at "
                    + "the log of wsqueue-server, or wait longer")
        case .noServer:
            throw WaitError(
                .unavailable,
                "\(receipt.path) is queued, but no wsqueue-server holds this queue; it will be sent when "
                    + "one starts, do not publish it again: start wsqueue-server -d \(directory)")
        }
    }
}

/// An event that was published, and not sent within the time.
struct WaitError: Error, CustomStringConvertible {
    let exitStatus: ExitStatus
    let description: String

    init(_ exitStatus: ExitStatus, _ description: String) {
        self.exitStatus = exitStatus
        self.description = description
    }
}
