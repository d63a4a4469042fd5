internal import WSQueueNet
internal import WSQueueSequencer
internal import WSQueueWire

/// The way to the next Redis server of the list: when it is tried, and at which address. A name is looked up elsewhere,
/// and the time for that is limited as the time for an answer is.
struct RedisRoute {
    private var retry: RedisRetry
    private var resolver: Resolver
    /// When the present server is tried, monotonic nanoseconds.
    private var nextTry: Int64 = 0
    /// Since when its name is looked up.
    private var askedAt: Int64?
    /// What was found and not used yet: an answer that came too late serves the next attempt.
    private var found: [Resolver.Host: (addresses: [Address], at: Int64)] = [:]

    /// How long an answer may wait for the next attempt.
    private static let foundNanoseconds: Int64 = 10_000_000_000

    init(_ location: RedisLocation, _ resolver: Resolver) {
        retry = RedisRetry(location)
        self.resolver = resolver
    }

    /// The server to connect to.
    var host: RedisLocation.Host { retry.host }

    /// When ``next(now:)`` has something new.
    var dueAt: Int64 { askedAt.map { $0 + RedisConnection.limitNanoseconds } ?? nextTry }

    /// Where to connect to now, while there is no connection; `nil` when it is not time, or the name is being looked up.
    ///
    /// - Throws: ``RedisFault`` when the name has no address, or is not looked up in time.
    mutating func next(now: Int64) throws(RedisFault) -> Address? {
        guard now >= nextTry else { return nil }
        switch retry.host {
        case .unix(let path): return .unix(path: path)
        case .internet(let name, let port):
            let host = Resolver.Host(name: name, port: port)
            if let address = host.address { return address }
            return try resolve(host, now: now)
        }
    }

    /// A name has been looked up.
    mutating func take(_ answer: Resolver.Answer, now: Int64) {
        resolver.finish(answer)
        found[answer.host] = (answer.addresses, now)
    }

    /// The present server is of no use: the next one is tried, perhaps after a pause.
    mutating func failed(now: Int64) {
        askedAt = nil
        nextTry = retry.failed(now: now)
    }

    /// The present server works.
    mutating func succeeded() { retry.succeeded() }

    private mutating func resolve(_ host: Resolver.Host, now: Int64) throws(RedisFault) -> Address? {
        if let answer = found.removeValue(forKey: host), now - answer.at <= Self.foundNanoseconds {
            askedAt = nil
            guard let address = answer.addresses.first else { throw .unresolved }
            return address
        }
        guard let askedAt else {
            self.askedAt = now
            resolver.lookUp(host)
            return nil
        }
        guard now - askedAt < RedisConnection.limitNanoseconds else { throw .unresolvedInTime }
        return nil
    }
}
