internal import WSQueueOperation
internal import WSQueueWire

/// Which server is tried next, and when: each of the list at once, then after a pause that grows from 100 ms to 5 s.
struct RedisRetry {
    private let hosts: [RedisLocation.Host]
    private var index = 0
    private var failures = 0

    private static let longestMilliseconds: Int64 = 5_000

    init(_ location: RedisLocation) { hosts = location.hosts }

    /// The server to connect to.
    var host: RedisLocation.Host { hosts[index] }

    /// Notes that the present one is of no use.
    ///
    /// - Returns: When the next one is to be tried, monotonic nanoseconds.
    mutating func failed(now: Int64) -> Int64 {
        index = (index + 1) % hosts.count
        failures += 1
        guard failures % hosts.count == 0 else { return now }
        let round = min(10, failures / hosts.count - 1)
        let pause = min(Self.longestMilliseconds, 100 << Int64(round))
        // Spread, so that many servers do not come back in the same moment.
        return now + Int64.random(in: pause / 2...pause) * 1_000_000
    }

    /// Notes that the present one works.
    mutating func succeeded() { failures = 0 }
}
