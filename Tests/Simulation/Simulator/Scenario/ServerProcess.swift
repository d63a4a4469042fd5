import WSQueueNet
import WSQueueOperation
import WSQueueServer
import WSQueueSpool
import WSQueueSystem

/// A server's process, which a service manager starts again.
final class ServerProcess {
    let owner: Owner
    /// Whether it has ended by itself.
    private(set) var hasEnded = false
    /// Whether it has been told to end in order.
    private(set) var isStopping = false
    /// How many ends were in order, how many because a call had failed, and how many because another server had the queue.
    private(set) var stops = 0
    private(set) var ends = 0
    private(set) var refusals = 0
    private unowned let scenario: Scenario
    private let kernel: Kernel

    init(owner: Owner, in scenario: Scenario) {
        self.owner = owner
        self.scenario = scenario
        kernel = scenario.kernel
    }

    func stop(_ signal: Int32) {
        isStopping = true
        kernel.send(signal, to: owner)
    }

    func start(after rest: Int64) {
        isStopping = false
        hasEnded = false
        kernel.spawn("hub", owner: owner) { [self] in
            kernel.pause(until: kernel.now + rest + Int64(kernel.random.below(3_000_000)))
            scenario.noteStart()
            let errors = kernel.errors
            let names = SpoolNameSource(random: UInt32(truncatingIfNeeded: kernel.random.next()))
            do {
                let log = try Log(level: .info, format: .text, destination: .file("/log"))
                var server = try Server(
                    scenario.configuration, log: log, signals: try Signals(), manager: ServiceManager(), names: names)
                try server.run()
                if !isStopping { scenario.fail("the server has ended") }
                stops += 1
            } catch ServerStartError.held(let held) where kernel.hasOnePort {
                if !"\(held)".contains("/q") || held.hint.isEmpty { scenario.fail("the server: \(held)") }
                refusals += 1
            } catch {
                // It may end for one of these, and says why; then it is started again.
                if kernel.errors == errors || "\(error)".isEmpty { scenario.fail("the server: \(error)") }
                scenario.trace("the server", "\(error)".utf8)
                ends += 1
            }
            hasEnded = true
            kernel.pause { false }
        }
    }
}

extension Configuration {
    /// What all simulated servers have: limits small enough to be met.
    static func simulated(queuePath: String, threads: Int, usesNotices: Bool) -> Configuration {
        var configuration = Configuration()
        configuration.queuePath = queuePath
        configuration.threads = threads
        configuration.usesNotices = usesNotices
        configuration.eventLimitBytes = 8_192
        configuration.slowClients.limitBytes = 65_536
        configuration.clientLimit = 100
        return configuration
    }
}

extension Configuration {
    /// With users in a channel that tracks them, and an application.
    mutating func hasGuests() {
        tokenSecretPath = "/guests.secret"
        rulesPath = "/guests.rules"
        applicationTokenPath = "/guests.application"
    }
}

extension Scenario {
    var serverCount: Int { 1 }

    /// Sets the wall clock wrong and right again.
    func setClock() {
        for error in profile.clockErrors {
            for ahead in [error * 1_000_000_000, 0] {
                kernel.pause(until: kernel.now + Int64(kernel.random.below(3_000_000_000)))
                kernel.unixAhead = ahead
            }
        }
    }

    var configuration: Configuration {
        var configuration = Configuration.simulated(
            queuePath: "/q", threads: profile.loops, usesNotices: profile.usesNotices)
        configuration.eventLines = profile.eventLines
        if profile.hasPublisherRules { configuration.publisherRulesPath = "/publishers" }
        if profile.webPublishers > 0 { configuration.publishTokenPath = "/tokens" }
        if profile.extras.hasJournalDirectory { configuration.journalPlace = .directory("/journal") }
        if let limit = profile.extras.keyLimit { configuration.keyLimit = limit }
        if let key = profile.extras.payloadKey { configuration.payloadKey = key }
        if profile.extras.hasGuests { configuration.hasGuests() }
        if profile.isStory {
            configuration.tokenSecretPath = "/secrets"
            configuration.rulesPath = "/rules"
            configuration.journalBytes = profile.journalBytes
            configuration.historyMarkLimit = profile.historyMarkLimit
            configuration.presence.graceNanoseconds = Visitors.graceNanoseconds
        }
        return configuration
    }
}
