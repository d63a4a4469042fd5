internal import WSQueueCore
internal import WSQueueOperation

/// All that is wrong with a queue, made of what was seen of it.
package enum Diagnosis {
    /// The findings, in the order in which a person looks: directory, rights, files, machine, service.
    package static func findings(_ facts: DoctorFacts) -> [Finding] {
        DirectoryFindings.all(facts) + OwnFindings.all(facts) + FileSystemFindings.all(facts)
            + AccessFindings.all(facts) + ContentsFindings.all(facts) + ClockFindings.all(facts)
            + MachineFindings.all(facts) + ServiceFindings.all(facts)
    }
}

extension DoctorFacts {
    /// The queue as a word of a command.
    var path: String { TerminalText.shellWord(configuration.queuePath) }

    /// The command that starts a server for the queue: systemd's where the unit can serve it.
    var startingLine: String {
        let queue = configuration.queuePath
        guard queue.hasPrefix("/"), let unit = service.unit, unit.mayWrite(queue) else {
            return "wsqueue-server -d \(path)"
        }
        return "systemctl start \(unit.name)"
    }
}
