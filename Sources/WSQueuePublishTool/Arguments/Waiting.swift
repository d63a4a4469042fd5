internal import WSQueueArguments
internal import WSQueueCore
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
    func wait(for receipt: Receipt, _ duration: Duration) throws(CommandFault) {
        switch try CommandFault.catching(try wait(for: receipt, atMost: duration)) {
        case .done: return
        case .refused(let reason):
            throw .unsent(UnsentEvent(.refused, "the server did not accept \(receipt.path): \(reason)"))
        case .stillQueued:
            throw .unsent(
                UnsentEvent(
                    .stillQueued,
                    "\(receipt.path) still waits in the queue; it will be sent, do not publish it again: look at "
                        + "the log of wsqueue-server, or wait longer"))
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
