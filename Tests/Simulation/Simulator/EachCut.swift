import History
import WSQueueSystem

/// The runs in which the power fails in each way that it can.
enum CutRun: String, CaseIterable {
    /// A history that is trimmed, with keys; all is published to survive a power cut.
    case story
    /// One publisher of keys, whose events survive a power cut, beside one that publishes with `--sync full`, `data` or
    /// `none`, batches and events of which some come twice among them.
    case full
    case data
    case none

    var durability: Durability? { Durability(rawValue: rawValue) }
}

/// Plays a run once, to see what power cuts may leave at each moment, and then again for some of these cases, with that cut
/// and a new start; without a count it says how many cases there are.
func cutEach(of seed: UInt64, _ options: Options) -> Bool {
    var options = options
    let watch = DiskWatch()
    options.diskWatch = watch
    let outcome = Scenario(seed: seed, options: options).run()
    guard options.count > 0 else {
        let models = Kernel.Cut.allCases.map { model in
            "\(model.rawValue) \(watch.cases.count { $0.model == model })"
        }
        let trimmed = outcome.model.map { ", \($0.trimmed) histories trimmed" } ?? ""
        print(
            "\(watch.cases.count) cases; \(outcome.size)\(trimmed); \(watch.moments) moments, at \(watch.momentsInFull) of "
                + "them \(PendingChanges.bound) changes pending at most, else up to \(watch.mostPending); "
                + models.joined(separator: ", "))
        for finding in outcome.findings { print("without such a cut: \(finding)") }
        return outcome.findings.isEmpty
    }
    var total = Total()
    for number in Int(options.seed)..<min(watch.cases.count, Int(options.seed + options.count)) {
        let cut = watch.cases[number]
        options.diskWatch = DiskWatch(cut)
        let scenario = Scenario(seed: seed, options: options)
        var outcome = scenario.run()
        outcome.findings += scenario.refusals.map { HistoryFinding(.refused, $0) }
        total.add(outcome)
        if let finding = outcome.findings.first {
            print("case \(number), \(cut.model.rawValue) at moment \(cut.moment): \(finding)")
        }
    }
    print(total.line)
    return total.failed == 0
}

extension Scenario {
    /// What was set aside though it was published whole: of two publishers the first one alone may leave torn files.
    fileprivate var refusals: [String] {
        let files = kernel.queue.entries[".failed"]?.entries ?? [:]
        return files.filter { _, file in
            profile.durability != Durability.none || Bytes.find("\"p\":1,", in: file.contents[...]) != nil
        }.keys.sorted()
    }
}
