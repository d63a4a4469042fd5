import History

/// The sums of several runs, as words that a script can add up further.
struct Total {
    private(set) var runs = 0
    private(set) var failed = 0
    private var events = 0
    private var deliveries = 0
    private var repetitions = 0
    private var gaps = 0
    private var crashes = 0
    private var cuts = 0
    private var errors = 0
    private var ends = 0
    private var stops = 0
    private var calls = 0
    private var switches = 0
    private var milliseconds: Int64 = 0
    private var hash: UInt64 = 0
    private var stories = 0
    private var model = ModelCounts()

    mutating func add(_ outcome: Outcome) {
        runs += 1
        failed += outcome.findings.isEmpty ? 0 : 1
        events += outcome.counts.events
        deliveries += outcome.counts.deliveries
        repetitions += outcome.counts.repetitions
        gaps += outcome.counts.gaps
        crashes += outcome.crashes
        cuts += outcome.counts.powerCuts
        errors += outcome.errors
        ends += outcome.ends
        stops += outcome.stops
        calls += outcome.calls
        switches += outcome.switches
        milliseconds += outcome.simulatedNanoseconds / 1_000_000
        if let counts = outcome.model {
            stories += 1
            model.add(counts)
        }
        // A sum, so that runs in one process and in several can be compared.
        hash &+= outcome.hash
    }

    var line: String {
        "runs=\(runs) failed=\(failed) events=\(events) deliveries=\(deliveries) repetitions=\(repetitions) "
            + "gaps=\(gaps) crashes=\(crashes) cuts=\(cuts) errors=\(errors) ends=\(ends) stops=\(stops) calls=\(calls) switches=\(switches) "
            + "simulated_ms=\(milliseconds) stories=\(stories) "
            + model.words.map { "\($0.name)=\($0.count) " }.joined() + "hash=\(String(hash, radix: 16))"
    }
}
