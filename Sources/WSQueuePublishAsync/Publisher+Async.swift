public import WSQueueCore
public import WSQueuePublish

/// The forms of what waits that let the thread go meanwhile. The library itself, and so the small publisher, brings no runtime
/// for them.
extension Publisher {
    /// Publishes an event and waits until the server has taken it, without holding a thread.
    ///
    /// - Parameter duration: For how long. A queue that no server holds for a second is not waited for any longer. A task that
    ///   is cancelled waits no longer either, and gets what is known then.
    /// - Throws: ``PublishError``; ``PublishError/Kind/publishedUnsafely`` when the event is in the queue and cannot be
    ///   waited for.
    public func publish(
        _ event: Event, waitingAtMost duration: Duration
    ) async throws(PublishError) -> (receipt: Receipt, delivery: Delivery) {
        let publication = try prepare(event)
        let watched = publication.watch()
        let receipt = try publication.finish()
        do throws(PublishError) {
            let watch = try DeliveryWatch(self, receipt, atMost: duration, watching: watched)
            return (receipt, try await outcome(of: watch))
        } catch {
            throw PublishError(unwatchable: receipt, error)
        }
    }

    /// Waits until the server has taken an event, without holding a thread.
    ///
    /// - Parameters:
    ///   - receipt: What publishing it gave.
    ///   - duration: For how long. A queue that no server holds for a second is not waited for any longer. A task that is
    ///     cancelled waits no longer either, and gets what is known then.
    public func wait(for receipt: Receipt, atMost duration: Duration) async throws(PublishError) -> Delivery {
        try await outcome(of: try DeliveryWatch(self, receipt, atMost: duration, watching: nil))
    }

    private func outcome(of watch: consuming DeliveryWatch) async throws(PublishError) -> Delivery {
        var watch = consume watch
        while true {
            if let delivery = try watch.look() { return delivery }
            do {
                try await Task.sleep(for: .nanoseconds(watch.pauseNanoseconds))
            } catch {
                return .stillQueued
            }
        }
    }
}
