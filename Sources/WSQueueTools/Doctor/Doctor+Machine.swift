internal import WSQueueOperation
internal import WSQueueSystem

/// The limits of the machine and of the process.
extension Doctor {
    mutating func examineMachine(_ holder: QueueHolder) {
        if let queued = Self.number(in: "/proc/sys/fs/inotify/max_queued_events"), queued < Self.wantedNotices {
            add(
                .note, "the kernel keeps \(queued) notices; a burst of more makes the server list the directory",
                fix: "sysctl fs.inotify.max_queued_events=\(Self.wantedNotices)")
        }
        guard let limit = DescriptorLimit.hard(of: holder.process ?? Process.identifier) else { return }
        let possible = DescriptorBudget.possibleClients(descriptors: limit, threads: configuration.threads)
        if configuration.clientLimit > possible {
            add(
                .warning,
                "--clients \(configuration.clientLimit) needs more open files than the limit of \(limit) gives: "
                    + "there is room for \(possible)",
                fix: "LimitNOFILE=\(configuration.clientLimit + limit - possible) in the unit, or ulimit -Hn")
        } else if configuration.clientLimit == 0, possible < Self.fewClients {
            add(
                .warning, "the limit of \(limit) open files gives room for \(possible) clients",
                fix: "LimitNOFILE=65536 in the unit, or ulimit -Hn 65536")
        }
    }

    private static func number(in path: String) -> Int? {
        guard let bytes = try? InputFile.open(path).readAll(limitBytes: 64) else { return nil }
        return Int(String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self))
    }

    private static let wantedNotices = 16_384
    private static let fewClients = 1_000
}
