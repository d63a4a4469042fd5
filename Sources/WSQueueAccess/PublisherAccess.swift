internal import WSQueueBroker
internal import WSQueueCore
internal import WSQueueOperation
internal import WSQueueSystem

/// The operator's file about who may publish what (`--publishers`), read at the start and again on HUP.
final class PublisherAccess: Sendable {
    /// What the hub goes by; it permits nothing before the file is read.
    let policy: PublisherPolicy
    private let path: String
    private let told = Guarded<[String]>([])

    private static let option = "--publishers"

    /// Has read nothing yet; `nil` where the operator names no file.
    init?(_ configuration: Configuration) {
        guard let path = configuration.publisherRulesPath else { return nil }
        self.path = path
        policy = PublisherPolicy(PublisherRules.none)
    }

    /// What may not be meant, a line each.
    var doubts: [String] { told.withLock { $0 } }

    /// Reads the file.
    func load() throws(AccessFileError) {
        // In any case: who is in which group may have changed.
        defer { policy.renew() }
        if let doubt = OwnerDoubt(UserNamespace.reach(), queueOwner: nil), doubt.forbidsRules {
            throw AccessFileError(
                path: path, option: Self.option,
                reason: "rules about whose files are taken cannot hold: \(doubt.reason)",
                hint: "\(doubt.hint); or start without --publishers")
        }
        let bytes = try AccessFileError.read(path, option: Self.option)
        var doubts: [String] = []
        do throws(RuleFault) {
            let rules = try PublisherRuleFile.decode(
                bytes.span,
                user: { name in
                    let number = Account.userNumber(name)
                    if number == UserNamespace.nobody {
                        doubts.append("files of \(name) count as those of whom no one can tell, which only * means")
                    }
                    return number
                }, group: Account.groupNumber)
            policy.renew(rules)
            told.withLock { $0 = rules.doubts + doubts }
        } catch {
            throw AccessFileError(path: path, option: Self.option, reason: error.description)
        }
    }
}
