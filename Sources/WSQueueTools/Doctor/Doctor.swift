internal import WSQueueBroker
internal import WSQueueNet
package import WSQueueOperation
package import WSQueueSystem

/// Looks at a queue, its machine and its server, and says what is wrong and what to do about it. It changes nothing:
/// what it tries in the queue it does under hidden names, which it removes.
///
/// For a program with one thread.
package struct Doctor {
    private let configuration: Configuration
    private let publishers: [Account]
    private let unitPath: String?
    private let prober: Prober

    /// - Parameters:
    ///   - configuration: What the server would be started with.
    ///   - publishers: Who is asked about; empty is the members of the directory's group, or oneself.
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
    /// - Returns: What was found, in the order in which a person looks.
    /// - Throws: ``SystemCallError`` when there is no directory to look at.
    package func examine() throws(SystemCallError) -> [Finding] {
        let plan = Landlock.version < Landlock.leastVersion ? nil : Sandbox.plan(configuration, logPath: nil)
        let facts = try facts()
        let owners = OwnerDoubt.looked(
            configuration, user: facts.access.server.user, process: facts.service.holder.process)
        return [SandboxFinding.of(configuration, plan)] + OwnerFinding.of(configuration, owners)
            + Diagnosis.findings(facts)
    }

    private func facts() throws(SystemCallError) -> DoctorFacts {
        let status = try Directory.status(at: configuration.queuePath)
        guard status.kind == .directory else {
            throw SystemCallError.notDirectory("open", configuration.queuePath)
        }
        let unix = Clock.unixNanoseconds()
        let unit = ServiceUnit.find(unitPath)
        let holder = QueueHolder.of(configuration.queuePath)
        let fileSystem: Result<FileSystem, SystemCallError>
        do throws(SystemCallError) {
            fileSystem = .success(try FileSystem.holding(configuration.queuePath))
        } catch {
            fileSystem = .failure(error)
        }
        return DoctorFacts(
            configuration: configuration, unix: unix, directory: directoryFacts(status), fileSystem: fileSystem,
            abilities: try? FileSystemAbilities.tried(
                in: configuration.queuePath, FileName(".doctor-\(Process.identifier)-abilities.tmp")),
            access: accessFacts(status, unit, holder),
            // After the trials, of which nothing may be left.
            contents: QueueContents.of(configuration.queuePath, unix: unix),
            machine: MachineFacts(
                queuedNotices: Self.number(in: "/proc/sys/fs/inotify/max_queued_events"),
                descriptorLimit: DescriptorLimit.hard(of: holder.process ?? Process.identifier)),
            service: ServiceFacts(holder: holder, unit: unit, answers: answers(holder)))
    }

    private func directoryFacts(_ status: FileStatus) -> DirectoryFacts {
        DirectoryFacts(
            path: configuration.queuePath, mode: status.mode,
            owner: Account.named("\(status.owner)")?.name ?? "\(status.owner)", group: status.group,
            groupName: Account.groupName(status.group), modifiedNanoseconds: status.modifiedNanoseconds,
            own: OwnEntryFacts.all(in: configuration.queuePath))
    }

    private func accessFacts(_ status: FileStatus, _ unit: ServiceUnit?, _ holder: QueueHolder) -> AccessFacts {
        let server = serverAccount(status, unit, holder)
        let accounts = publishers.isEmpty ? likelyPublishers(status) : publishers
        let rules = publisherRules()
        let publishers = accounts.enumerated().map { number, account in
            let file = trialName(number)
            defer { removeTrial(file) }
            let trial = attempt(.publish, as: account, file, isAllowed: account.may(3, status))
            let isWithoutRule = rules.map { !$0.name(.user(account.user, groups: account.groups)) } ?? false
            guard trial == .tried([]), case .tried(let failures) = prober.attempt(.serve, as: server, file: file) else {
                return AccessFacts.Publisher(
                    account: account, trial: trial, serving: [], isWithoutRule: isWithoutRule)
            }
            return AccessFacts.Publisher(
                account: account, trial: trial, serving: failures, isWithoutRule: isWithoutRule)
        }
        let file = trialName(accounts.count)
        defer { removeTrial(file) }
        return AccessFacts(
            server: server, serverTrial: attempt(.serve, as: server, file, isAllowed: server.may(7, status)),
            publishers: publishers)
    }

    /// The rules about publishers; `nil` where there are none, or they cannot be read, which `check` tells.
    private func publisherRules() -> PublisherRules? {
        guard let path = configuration.publisherRulesPath,
            let bytes = try? InputFile.open(path).readAll(limitBytes: Self.rulesLimitBytes)
        else { return nil }
        return try? PublisherRuleFile.decode(bytes.span, user: Account.userNumber, group: Account.groupNumber)
    }

    private static let rulesLimitBytes = 1_048_576

    private func attempt(
        _ trial: Prober.Trial, as account: Account, _ file: FileName, isAllowed: Bool
    ) -> AccessFacts.Trial {
        switch prober.attempt(trial, as: account, file: file) {
        case .tried(let failures): .tried(failures)
        case .untried: .computed(isAllowed: isAllowed)
        }
    }

    private func trialName(_ number: Int) -> FileName { FileName(".doctor-\(Process.identifier)-\(number).tmp") }

    /// Whatever is left of a trial.
    private func removeTrial(_ file: FileName) {
        guard let directory = try? Directory.openUnlisted(configuration.queuePath) else { return }
        try? directory.remove(file)
        try? directory.remove(file.appending(".tmp"))
    }

    /// Asks one address after the other, up to the first where a server of ours answers.
    private func answers(_ holder: QueueHolder) -> [ServiceFacts.Answer] {
        guard holder.isHeld == true else { return [] }
        var answers: [ServiceFacts.Answer] = []
        // Where it says that it listens; an older one says nothing.
        for address in holder.addresses.isEmpty ? configuration.addresses : holder.addresses where !address.isAnyPort {
            let health = HealthAnswer.ask(address)
            answers.append(ServiceFacts.Answer(address: address, health: health))
            if let status = health?.status, status == 200 || status == 503 { break }
        }
        return answers
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

    private static func number(in path: String) -> Int? {
        guard let bytes = try? InputFile.open(path).readAll(limitBytes: 64) else { return nil }
        return Int(String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self))
    }
}
