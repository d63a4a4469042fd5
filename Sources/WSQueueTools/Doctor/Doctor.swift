internal import WSQueueCore
package import WSQueueOperation
internal import WSQueueSpool
package import WSQueueSystem

/// Looks at a queue, its machine and its server, and says what is wrong and what to do about it. It changes nothing:
/// what it tries in the queue it does under hidden names, which it removes.
///
/// For a program with one thread.
package struct Doctor {
    /// What the server would be started with.
    let configuration: Configuration
    /// Whom to ask whether they may publish; nobody means the members of the directory's group, or oneself.
    let publishers: [Account]
    /// The unit to look at; `nil` for the one that systemd would find.
    let unitPath: String?
    /// Carries out a trial as somebody else.
    let prober: Prober

    var findings: [Finding] = []
    let unix = Clock.unixNanoseconds()

    /// The queue as a word of a command.
    var path: String { TerminalText.shellWord(configuration.queuePath) }

    /// - Parameters:
    ///   - configuration: What the server would be started with.
    ///   - publishers: Whom to ask whether they may publish.
    ///   - unitPath: The unit to look at instead of the installed one.
    ///   - program: What this program is started by again, to be another user in.
    package init(_ configuration: Configuration, publishers: [Account], unitPath: String?, program: [String]) {
        self.configuration = configuration
        self.publishers = publishers
        self.unitPath = unitPath
        prober = Prober(program: program, queuePath: configuration.queuePath)
    }

    /// Looks at everything.
    ///
    /// - Returns: What was found, in the order it was looked at.
    /// - Throws: ``SystemCallError`` when there is no directory to look at.
    package mutating func examine() throws(SystemCallError) -> [Finding] {
        let status = try Directory.status(at: configuration.queuePath)
        guard status.kind == .directory else {
            throw SystemCallError.notDirectory("open", configuration.queuePath)
        }
        let unit = ServiceUnit.find(unitPath)
        let holder = QueueHolder.of(configuration.queuePath)
        examineMode(status)
        examineFileSystem()
        let server = serverAccount(status, unit, holder)
        for publisher in publishers.isEmpty ? likelyPublishers(status) : publishers {
            examine(publisher: publisher, server, status)
        }
        examine(server: server, status)
        let contents = QueueContents.of(configuration.queuePath, unix: unix)
        examineFiles(contents, holder)
        examineClock(contents, status)
        examineMachine(holder)
        if let unit { examine(unit) }
        examineService(holder, contents)
        return findings
    }

    mutating func add(_ severity: Finding.Severity, _ text: String, fix: String? = nil) {
        findings.append(Finding(severity, text, fix: fix))
    }

    /// Who the server is, or would be: the process that holds the queue, the unit's user, or the directory's owner.
    private func serverAccount(_ status: FileStatus, _ unit: ServiceUnit?, _ holder: QueueHolder) -> Account {
        if let account = holder.account { return account }
        if let name = unit?["User"], let account = Account.named(name) {
            let more = (unit?["SupplementaryGroups"] ?? "").split(separator: " ")
                .compactMap { Account.groupNumber(String($0)) }
            return Account(
                name: account.name, user: account.user, group: account.group, groups: account.groups + more)
        }
        return Account.named("\(status.owner)") ?? .current
    }

    /// Those for whom the directory seems to be made.
    private func likelyPublishers(_ status: FileStatus) -> [Account] {
        guard Process.user == 0 else { return [.current] }
        return status.mode & 0o020 == 0 ? [] : Account.members(of: status.group).prefix(20).compactMap(Account.named)
    }
}
