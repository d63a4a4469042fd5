import CSimulation
import Glibc
import History

// simulate [SEED] [--count N] [--cut MODEL] [--fault NAME] [--trace] [--nodes] [--damage] [--each-call SEED]
// [--each-cut SEED RUN]: plays runs and prints what is wrong with each; the last line sums up. Exit status: 0 nothing found, 1 something.

setvbuf(stdout, nil, _IOLBF, 0)
simulation_allow_abandoned_stacks()
let options = Options(Array(CommandLine.arguments.dropFirst()))
if options.isDamage { exit(damage(options) ? 0 : 1) }
if let seed = options.runOfCuts { exit(cutEach(of: seed, options) ? 0 : 1) }
if let seed = options.runOfCalls { exit(failEachCall(of: seed, options) ? 0 : 1) }
var total = Total()
for seed in options.seed..<(options.seed + options.count) {
    let isOfNodes = options.isOfNodes(seed)
    let outcome =
        isOfNodes
        ? NodesScenario(seed: seed, options: options).run() : Scenario(seed: seed, options: options).run()
    total.add(outcome)
    if let finding = outcome.findings.first { print("seed \(seed): \(finding)") }
}
if options.count > 0 { print(total.line) }
exit(total.failed == 0 ? 0 : 1)

/// Plays one run several times, in each of which another call of its servers fails; without a count it says how many there
/// are.
func failEachCall(of seed: UInt64, _ options: Options) -> Bool {
    var options = options
    guard options.count > 0 else {
        options.failingCall = .max
        let outcome = Scenario(seed: seed, options: options).run()
        let trimmed = outcome.model.map { ", \($0.trimmed) histories trimmed" } ?? ""
        print("\(outcome.failingCalls) cases; \(outcome.size)\(trimmed)")
        for finding in outcome.findings { print("without an error: \(finding)") }
        return outcome.findings.isEmpty
    }
    var total = Total()
    for number in options.seed..<(options.seed + options.count) {
        options.failingCall = Int(number) + 1
        let outcome = Scenario(seed: seed, options: options).run()
        total.add(outcome)
        if let finding = outcome.findings.first { print("case \(number): \(finding)") }
    }
    print(total.line)
    return total.failed == 0
}

/// Tries some damages; without a count it says how many there are.
func damage(_ options: Options) -> Bool {
    let trial = DamageTrial()
    var (told, refused, wrong) = (0, 0, 0)
    func count(_ text: String, _ verdict: DamageTrial.Verdict) {
        switch verdict {
        case .told: told += 1
        case .refused: refused += 1
        case .wrong(let fault):
            wrong += 1
            print("\(text): \(fault)")
        }
    }
    guard options.count > 0 else {
        print("\(trial.count) cases; \(trial.line)")
        count("without damage", trial.runUndamaged())
        return wrong + refused == 0
    }
    for number in Int(options.seed)..<min(trial.count, Int(options.seed + options.count)) {
        let (text, verdict) = trial.run(number)
        count("case \(number), \(text)", verdict)
    }
    print("runs=\(told + refused + wrong) failed=\(wrong) told=\(told) refused=\(refused)")
    return wrong == 0
}
