import Glibc

/// The words of the command line; `scripts/simulate` says what they mean.
struct Options {
    var seed: UInt64 = 1
    var count: UInt64 = 1
    var cut: Kernel.Cut?
    var fault: PlantedFault?
    var isTraced = false
    /// Whether a journal is damaged instead; the seed is then the number of the first case, which count from 0.
    var isDamage = false
    /// Whether each call of a run's servers that can fail does so, in a run of its own, and the seed of that run; the seed
    /// is then the number of the first call, which count from 0.
    var runOfCalls: UInt64?
    /// This one fails, and no other.
    var failingCall: Int?
    /// Whether the power fails in each way that it can in a run of some kind, and the seed of that run; the seed is then the
    /// number of the first case, which count from 0.
    var runOfCuts: UInt64?
    var cutRun: CutRun?
    /// Collects these cases, or plays one.
    var diskWatch: DiskWatch?
    /// Whether all runs are stories, or none; `nil` is drawn.
    var story: Bool?
    /// Whether all runs are of several servers.
    var nodes = false

    init(_ words: [String]) {
        var words = words[...]
        while let word = words.popFirst() {
            switch word {
            case "--count": count = Self.number(after: word, &words)
            case "--cut": cut = Self.choice(after: word, &words)
            case "--fault": fault = Self.choice(after: word, &words)
            case "--damage": isDamage = true
            case "--each-call": runOfCalls = Self.number(after: word, &words)
            case "--each-cut":
                runOfCuts = Self.number(after: word, &words)
                cutRun = Self.choice(after: word, &words)
            case "--trace": isTraced = true
            case "--nodes": nodes = true
            case "--stories": story = true
            case "--no-stories": story = false
            default:
                words = [word] + words
                seed = Self.number(after: "SEED", &words)
            }
        }
    }

    /// Whether a run is of several servers; where nothing is said of its kind, some are.
    func isOfNodes(_ seed: UInt64) -> Bool {
        if let fault { return fault.isOfNodes || nodes }
        guard !nodes else { return true }
        // Drawn apart, so that the other runs are what they are without it.
        var random = Randomness(seed: ~seed)
        return story == nil && random.chance(perMille: Self.nodesPerMille)
    }

    private static let nodesPerMille = 30

    private static func number(after word: String, _ words: inout ArraySlice<String>) -> UInt64 {
        guard let value = words.popFirst().flatMap({ UInt64($0) }) else { refuse("\(word): a number is wanted") }
        return value
    }

    private static func choice<Choice: CaseIterable & RawRepresentable<String>>(
        after word: String, _ words: inout ArraySlice<String>
    ) -> Choice {
        guard let value = words.popFirst().flatMap({ Choice(rawValue: $0) }) else {
            refuse("\(word): one of \(Choice.allCases.map(\.rawValue).joined(separator: ", ")) is wanted")
        }
        return value
    }

    private static func refuse(_ text: String) -> Never {
        print("simulate: \(text)")
        exit(64)
    }
}
