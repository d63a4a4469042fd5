internal import WSQueueBroker
internal import WSQueueWire

/// How much one client says, and how often it was told that it is too much.
struct MessagePace {
    private var messages = RateLimiter()
    private var refusals = RateLimiter()

    /// Counts one more message. A client that goes on when it was told that there are too many is closed.
    mutating func charge(_ rule: RateRule, now: Int64, _ actions: inout [SessionAction]) throws(ClientError) {
        guard !messages.take(rule, now: now) else { return }
        actions.append(.note(.limited))
        if !refusals.take(rule, now: now) {
            actions += [.note(.flooded), .close(.rateLimited, reason: "too many messages")]
        }
        let wait = messages.wait(rule, now: now)
        throw .rateLimited(retryAfterSeconds: Int((wait + 999_999_999) / 1_000_000_000))
    }
}
