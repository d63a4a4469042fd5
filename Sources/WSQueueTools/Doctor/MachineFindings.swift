internal import WSQueueOperation

/// The limits of the machine and of the process.
enum MachineFindings {
    static func all(_ facts: DoctorFacts) -> [Finding] {
        var findings: [Finding] = []
        if let queued = facts.machine.queuedNotices, queued < wantedNotices {
            findings.append(
                Finding(
                    .note, "the kernel keeps \(queued) notices; a burst of more makes the server list the directory",
                    fix: "sysctl fs.inotify.max_queued_events=\(wantedNotices)"))
        }
        guard let limit = facts.machine.descriptorLimit else { return findings }
        let configuration = facts.configuration
        let possible = DescriptorBudget.possibleClients(descriptors: limit, threads: configuration.threads)
        if configuration.clientLimit > possible {
            findings.append(
                Finding(
                    .warning,
                    "--clients \(configuration.clientLimit) needs more open files than the limit of \(limit) gives: "
                        + "there is room for \(possible)",
                    fix: "LimitNOFILE=\(configuration.clientLimit + limit - possible) in the unit, or ulimit -Hn"))
        } else if configuration.clientLimit == 0, possible < fewClients {
            findings.append(
                Finding(
                    .warning, "the limit of \(limit) open files gives room for \(possible) clients",
                    fix: "LimitNOFILE=65536 in the unit, or ulimit -Hn 65536"))
        }
        return findings
    }

    private static let wantedNotices = 16_384
    private static let fewClients = 1_000
}
