import CSimulation
import Glibc
import History

// simulate [SEED] [--count N] [--cut MODEL] [--fault NAME] [--trace]: plays runs and prints what is wrong with each; the last
// line sums up. Exit status: 0 nothing found, 1 something.

setvbuf(stdout, nil, _IOLBF, 0)
simulation_allow_abandoned_stacks()
let options = Options(Array(CommandLine.arguments.dropFirst()))
var total = Total()
for seed in options.seed..<(options.seed + options.count) {
    let outcome = Scenario(seed: seed, options: options).run()
    total.add(outcome)
    if let finding = outcome.findings.first { print("seed \(seed): \(finding)") }
}
if options.count > 0 { print(total.line) }
exit(total.failed == 0 ? 0 : 1)
