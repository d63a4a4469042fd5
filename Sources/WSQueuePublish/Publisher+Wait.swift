internal import WSQueueSpool
internal import WSQueueSystem

/// What became of an event that was waited for.
public enum Delivery: Equatable, Sendable {
    /// The server has sent it to its clients, or keeps it for them, and has deleted its file.
    case done
    /// The server could not accept it and has set it aside; why, where that can be read.
    case refused(reason: String)
    /// It still waits, and a server is at work.
    case stillQueued
    /// It waits, and no server holds the queue.
    case noServer
}

extension Publisher {
    /// Waits until the server has taken an event.
    ///
    /// - Parameters:
    ///   - receipt: What publishing it gave.
    ///   - duration: For how long. A queue that no server holds for a second is not waited for any longer.
    public func wait(for receipt: Receipt, atMost duration: Duration) throws(PublishError) -> Delivery {
        let directory = try writer().directory
        let name = FileName(String(receipt.path.split(separator: "/").last ?? ""))
        let start = Clock.monotonicNanoseconds()
        let startUnix = Clock.unixNanoseconds()
        let end = start.addingReportingOverflow(duration.nanoseconds)
        let deadline = end.overflow ? .max : end.partialValue
        var servedAt = start
        var pause: Int64 = 500_000
        while true {
            do {
                _ = try directory.status(of: name)
            } catch {
                if error.isNotFound { return Self.outcome(of: name, in: directory, since: startUnix) }
                throw PublishError(SpoolWriteError(step: .look, cause: error), directory: directory)
            }
            let now = Clock.monotonicNanoseconds()
            let isServed = FileLock.isHeld(FileName(".lock"), in: directory) ?? true
            if isServed { servedAt = now }
            if now >= deadline { return isServed ? .stillQueued : .noServer }
            if now - servedAt > Self.patience { return .noServer }
            Clock.sleep(nanoseconds: min(pause, deadline - now))
            pause = min(2 * pause, 20_000_000)
        }
    }

    /// A server that is started anew is back sooner.
    private static let patience: Int64 = 1_000_000_000

    private static func outcome(of name: FileName, in directory: Directory, since unix: Int64) -> Delivery {
        // An older one of the same name is another event's.
        guard let failed = try? directory.openDirectory(FileName(".failed")),
            let status = try? failed.status(of: name), status.changedNanoseconds > unix - 2_000_000_000
        else { return .done }
        var reason: [UInt8] = []
        if let file = try? failed.openForReading(name.appending(".why")) {
            try? file.readAll(into: &reason, expectedBytes: 255, limitBytes: 4_096, object: "")
        }
        return .refused(reason: String(decoding: reason.prefix { $0 >= 0x20 }, as: UTF8.self))
    }
}

extension Duration {
    /// As nanoseconds; what is too long for that is the longest there is.
    package var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (whole, isTooLong) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, isTooMuch) = whole.addingReportingOverflow(attoseconds / 1_000_000_000)
        return isTooLong || isTooMuch ? .max : sum
    }
}
