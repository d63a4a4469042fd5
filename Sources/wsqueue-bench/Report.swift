internal import WSQueueSystem

/// One measured result, printed as one JSON object a line for the script that makes tables of them.
struct Report {
    private var fields: [String]

    init(_ scenario: String) { fields = ["\"scenario\":\"\(scenario)\""] }

    mutating func add(_ name: String, _ number: Int) { fields.append("\"\(name)\":\(number)") }

    /// Adds a number with six decimals: processor time a message is less than a tenth of a microsecond.
    mutating func add(_ name: String, _ number: Double) {
        let millionths = Int((number * 1_000_000).rounded())
        let fraction = String(millionths.magnitude % 1_000_000)
        let padding = String(repeating: "0", count: 6 - fraction.count)
        let whole = "\(millionths < 0 ? "-" : "")\(millionths.magnitude / 1_000_000)"
        fields.append("\"\(name)\":\(whole).\(padding)\(fraction)")
    }

    /// Adds the quantiles of times in nanoseconds as milliseconds.
    mutating func add(quantilesOf times: [Int64]) {
        let sorted = times.sorted()
        guard let last = sorted.last else { return }
        add("p50_ms", Double(sorted[sorted.count / 2]) / 1e6)
        add("p99_ms", Double(sorted[sorted.count * 99 / 100]) / 1e6)
        add("max_ms", Double(last) / 1e6)
    }

    func write() throws {
        let line = Array("{\(fields.joined(separator: ","))}\n".utf8)
        try StandardStream.output.write(line.span)
    }
}
