public import WSQueueCore
package import WSQueueSystem

/// What became of an event that was waited for.
public enum Delivery: Equatable, Sendable {
    /// The server has sent it to its clients, or keeps it for them, and has deleted its file.
    case done
    /// The server could not accept it and has set it aside; why, where this user may read that, or else nothing.
    case refused(reason: String)
    /// It still waits, and a server is at work.
    case stillQueued
    /// It waits, and no server holds the queue.
    case noServer
}

extension Publisher {
    /// Publishes an event and waits until the server has taken it.
    ///
    /// - Parameter duration: For how long. A queue that no server holds for a second is not waited for any longer.
    /// - Throws: ``PublishError``; ``PublishError/Kind/publishedUnsafely`` when the event is in the queue and cannot be
    ///   waited for.
    public func publish(
        _ event: Event, waitingAtMost duration: Duration
    ) throws(PublishError) -> (receipt: Receipt, delivery: Delivery) {
        let publication = try prepare(event)
        let watched = publication.watch()
        let receipt = try publication.finish()
        do {
            return (receipt, try wait(for: receipt, atMost: duration, watching: watched))
        } catch {
            throw PublishError(unwatchable: receipt, error)
        }
    }

    /// Waits until the server has taken an event.
    ///
    /// Where this user may not look at refused events, and the server was faster than this call, one that it refused is
    /// taken for sent; ``publish(_:waitingAtMost:)`` knows.
    ///
    /// - Parameters:
    ///   - receipt: What publishing it gave.
    ///   - duration: For how long. A queue that no server holds for a second is not waited for any longer.
    public func wait(for receipt: Receipt, atMost duration: Duration) throws(PublishError) -> Delivery {
        try wait(for: receipt, atMost: duration, watching: nil)
    }

    /// Waits until the server has taken an event.
    ///
    /// - Parameter file: The event's file, opened before the server could take it: what is set aside is where other
    ///   publishers may not look.
    package func wait(
        for receipt: Receipt, atMost duration: Duration, watching file: consuming FileDescriptor?
    ) throws(PublishError) -> Delivery {
        var watch = try DeliveryWatch(self, receipt, atMost: duration, watching: file)
        while true {
            if let delivery = try watch.look() { return delivery }
            Clock.sleep(nanoseconds: watch.pauseNanoseconds)
        }
    }
}

extension PublishError {
    /// An event that is published, and cannot be waited for.
    package init(unwatchable receipt: Receipt, _ error: PublishError) {
        self.init(
            .publishedUnsafely, reason: "queued \(receipt.path), but it cannot be waited for: \(error.reason)",
            circumstances: error.circumstances, advice: "do not publish it again")
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
