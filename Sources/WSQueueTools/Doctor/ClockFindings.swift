/// What the times in the queue tell of this machine's clock and of its publishers'.
enum ClockFindings {
    static func all(_ facts: DoctorFacts) -> [Finding] {
        let contents = facts.contents
        var findings: [Finding] = []
        if contents.ahead > 0 {
            let ahead = contents.farthestNanoseconds - facts.unix
            if ahead > toleranceNanoseconds {
                findings.append(
                    Finding(
                        .warning,
                        "\(contents.ahead) events carry a time that lies ahead, by up to \(Finding.span(ahead)): the "
                            + "clock of their publisher, or of this machine, is wrong",
                        fix: "timedatectl set-ntp true"))
            }
        }
        let newest = max(contents.newestServerNanoseconds, facts.directory.modifiedNanoseconds)
        if newest - facts.unix > toleranceNanoseconds {
            findings.append(
                Finding(
                    .warning,
                    "the clock has been set back: the queue was changed \(Finding.span(newest - facts.unix)) after now",
                    fix: "timedatectl set-ntp true"))
        }
        return findings
    }

    private static let toleranceNanoseconds: Int64 = 2_000_000_000
}
