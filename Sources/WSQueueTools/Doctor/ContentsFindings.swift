internal import WSQueueCore
internal import WSQueueOperation
internal import WSQueueSpool

/// What waits, what has failed, and what else lies in the queue.
enum ContentsFindings {
    static func all(_ facts: DoctorFacts) -> [Finding] {
        let (contents, path) = (facts.contents, facts.path)
        if let fault = contents.fault {
            return [Finding(.note, "what waits cannot be seen: \(fault)", fix: "sudo wsqueue-server doctor")]
        }
        var findings = oldest(facts)
        if let failed = contents.failed, failed.count > 0 {
            let newest = failed.newest.first.map { ", the newest \($0.name): \($0.reason)" } ?? ""
            findings.append(
                Finding(
                    .warning, "could not be accepted: \(failed.count) in .failed\(newest)",
                    fix: "wsqueue-server queue ls -d \(path), then queue requeue or queue rm"))
        }
        if contents.held > 0 {
            let age = facts.unix - contents.oldestHeldNanoseconds
            findings.append(
                Finding(
                    age > longHeldNanoseconds ? .warning : .note,
                    "\(contents.held) events are held back, one of them for \(Finding.span(age))",
                    fix: "wsqueue-publish -d \(path) --release ID, or --abort ID"))
        }
        if contents.abandoned > 0 {
            findings.append(
                Finding(
                    .warning,
                    "\(contents.abandoned) hidden files have rested for an hour: their publishers have died",
                    fix: "find \(path) -maxdepth 1 -type f -name '.*.tmp' -mmin +60 -delete (a server does it, too)"))
        }
        if contents.foreign > 0 {
            let name = contents.foreignName
            findings.append(
                Finding(
                    .note,
                    "\(contents.foreign) visible files are no events and are left alone, such as "
                        + TerminalText.plain(name),
                    fix: "mv \(path)/\(TerminalText.shellWord(name)) elsewhere"))
        }
        return findings
    }

    private static func oldest(_ facts: DoctorFacts) -> [Finding] {
        let age = facts.unix - facts.contents.oldestNanoseconds
        // Where no server is at work they wait for as long as none is.
        guard facts.contents.waiting > 0, age > longWaitNanoseconds || facts.service.holder.isHeld == false else {
            return []
        }
        let text = "\(facts.contents.waiting) events wait, the oldest for \(Finding.span(age))"
        guard facts.service.holder.isHeld == true else {
            return [
                Finding(
                    age > longWaitNanoseconds ? .error : .warning, text + ", and no server holds the queue",
                    fix: facts.startingLine)
            ]
        }
        return [
            Finding(
                .warning, text + ", though a server holds the queue",
                fix: facts.configuration.holdsWithoutClients
                    ? "open a client: --hold-without-clients waits for one" : "look at the server's log")
        ]
    }

    private static let longWaitNanoseconds: Int64 = 60_000_000_000
    private static let longHeldNanoseconds: Int64 = 3_600_000_000_000
}
