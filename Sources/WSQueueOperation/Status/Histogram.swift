/// How long things took, counted by how long at most.
package struct Histogram: Sendable {
    /// The upper bounds, nanoseconds: 0.5 ms to 10 s. What took longer is counted after the last one.
    package static let boundsNanoseconds: [Int64] = [
        500_000, 1_000_000, 2_500_000, 5_000_000, 10_000_000, 25_000_000, 50_000_000, 100_000_000, 250_000_000,
        500_000_000, 1_000_000_000, 2_500_000_000, 5_000_000_000, 10_000_000_000,
    ]

    /// How many took longer than the bound before and at most the bound of the same index; the last has no bound.
    package private(set) var counts = [UInt64](repeating: 0, count: boundsNanoseconds.count + 1)
    /// All times together, seconds.
    package private(set) var sumSeconds = 0.0

    /// Makes a histogram of nothing yet.
    package init() {}

    /// Counts what took so long, `times` times; what ended before it began, by clocks that disagree, took no time.
    package mutating func count(nanoseconds: Int64, times: UInt64 = 1) {
        let time = max(0, nanoseconds)
        var index = 0
        while index < Self.boundsNanoseconds.count, time > Self.boundsNanoseconds[index] { index += 1 }
        counts[index] += times
        sumSeconds += Double(time) / 1e9 * Double(times)
    }
}
