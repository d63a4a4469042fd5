/// A page of metrics (Prometheus text format, version 0.0.4).
package struct PrometheusText {
    /// The type of what was written, as HTTP says it.
    package static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    /// What the numbers of one name are.
    package enum Kind: String {
        /// Only grows, but for restarts.
        case counter
        /// Goes up and down.
        case gauge
        case histogram
    }

    /// The page.
    package private(set) var bytes: [UInt8] = []

    /// Makes an empty page.
    package init() {}

    /// A name with one number.
    package mutating func metric(_ name: String, _ kind: Kind, _ help: String, _ value: some BinaryInteger) {
        family(name, kind, help)
        sample(name, [], "\(value)")
    }

    /// A name with one number that has a fraction.
    package mutating func metric(_ name: String, _ kind: Kind, _ help: String, seconds: Double) {
        family(name, kind, help)
        sample(name, [], "\(seconds)")
    }

    /// A name with a number for each value of a label.
    package mutating func metric(
        _ name: String, _ kind: Kind, _ help: String, by label: String, _ values: [(String, some BinaryInteger)]
    ) {
        family(name, kind, help)
        for (text, value) in values { sample(name, [(label, text)], "\(value)") }
    }

    /// A name with labels and the number 1, which says what is running.
    package mutating func information(_ name: String, _ help: String, _ labels: [(String, String)]) {
        family(name, .gauge, help)
        sample(name, labels, "1")
    }

    /// How long something took.
    package mutating func histogram(_ name: String, _ help: String, _ histogram: Histogram) {
        family(name, .histogram, help)
        var sum: UInt64 = 0
        for (index, count) in histogram.counts.enumerated() {
            sum += count
            let isLast = index == Histogram.boundsNanoseconds.count
            let bound = isLast ? "+Inf" : "\(Double(Histogram.boundsNanoseconds[index]) / 1e9)"
            sample("\(name)_bucket", [("le", bound)], "\(sum)")
        }
        sample("\(name)_sum", [], "\(histogram.sumSeconds)")
        sample("\(name)_count", [], "\(sum)")
    }

    private mutating func family(_ name: String, _ kind: Kind, _ help: String) {
        bytes += Array("# HELP \(name) \(Self.escaped(help, isQuoted: false))\n# TYPE \(name) \(kind.rawValue)\n".utf8)
    }

    private mutating func sample(_ name: String, _ labels: [(String, String)], _ value: String) {
        let pairs = labels.map { "\($0.0)=\"\(Self.escaped($0.1, isQuoted: true))\"" }.joined(separator: ",")
        bytes += Array((pairs.isEmpty ? "\(name) \(value)\n" : "\(name){\(pairs)} \(value)\n").utf8)
    }

    /// Backslash and line feed, and in a label's value the quotation mark, are escaped; nothing else may be.
    private static func escaped(_ text: String, isQuoted: Bool) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\"" where isQuoted: result += "\\\""
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
