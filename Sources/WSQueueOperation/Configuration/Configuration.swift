package import WSQueueBroker
package import WSQueueNet
package import WSQueueWire

/// Everything the operator decides, with the defaults of SPEC §6. Made once, never changed, passed down.
package struct Configuration: Sendable {
    /// Which lines about single events are written.
    package enum EventLines: String, Sendable {
        case all, sampled, off
    }

    /// What answers a client's messages.
    package enum Conversation: Sendable {
        /// Actions in JSON text (SPEC §4).
        case actions
        /// The message itself goes back.
        case echo
    }

    /// Who sees the live page.
    package enum PageReaders: Sendable {
        /// Programs on this machine, and admins.
        case operators
        case everyone
        case nobody
    }

    /// Where history is kept.
    package enum JournalPlace: Equatable, Sendable {
        /// In `.journal/` of the queue.
        case queue
        /// In a directory of its own, which is made below a parent that exists.
        case directory(String)
        /// In memory, and only until the server ends.
        case off
    }

    package var queuePath = "queue"
    package var addresses: [Address] = [.internet(host: "127.0.0.1", port: 8_081)]
    /// The names of sockets that the service manager passes; the empty name is all that no other one names.
    package var passedSockets: [String] = []
    /// Whether all sockets that it passes take the place of `addresses`: no option says where to listen.
    package var prefersPassedSockets = false
    /// Where those listen: the server finds out.
    package var passedAddresses: [Address] = []
    /// Time between two looks at the directory.
    package var pollMilliseconds = 100
    /// Whether inotify is asked for hints; otherwise only the looks find anything.
    package var usesNotices = true
    /// Event loops; each owns its connections.
    package var threads = 1
    package var holdsWithoutClients = false
    /// The wire's name for the payload.
    package var payloadKey = "payload"
    /// Who sees the live page.
    package var pageReaders = PageReaders.operators
    /// Where WebSockets are accepted; `nil` is everywhere.
    package var path: String?
    /// Further origins that may connect.
    package var origins: [OriginPattern] = []
    /// The names that the server may be asked by, besides those that need no saying.
    package var hostNames: [String] = []
    /// Whether programs on this machine have its rights; `nil` is while nothing but this machine is listened to.
    package var localRights: Bool?
    /// The proxies that are believed about their clients.
    package var trustedProxies: [AddressRange] = []
    /// The file with the secrets that tokens are signed with; `nil` takes no tokens.
    package var tokenSecretPath: String?
    /// How tokens may be signed.
    package var tokenAlgorithms = Set(TokenAlgorithm.allCases)
    /// Whom tokens must be meant for; empty takes those without an audience.
    package var tokenAudiences: [String] = []
    /// The file with the rules about channels.
    package var rulesPath: String?
    /// Whether nobody may connect without a token, unless a rule says otherwise.
    package var requiresToken = false
    /// The file with the rules about who may publish what; `nil` is everybody everything.
    package var publisherRulesPath: String?
    /// The file with the tokens that allow publishing by HTTP; `nil` allows no one.
    package var publishTokenPath: String?
    /// Where the tokens are of those who may do what the application may.
    package var applicationTokenPath: String?
    /// Where the application is asked about channels.
    package var authorizeURL: HTTPLocation?

    package var eventLimitBytes = 1_048_576
    package var batchLimitBytes = 64 * 1_048_576
    package var messageLimitBytes = 65_536
    /// Frames of one message.
    package var fragmentLimit = 1_024
    package var channelLimit = 128
    /// Clients at once; 0 is as many as the descriptor limit gives.
    package var clientLimit = 0
    /// Clients of one address at once; 0 is no limit.
    package var clientsPerAddress = 0
    /// Messages and control frames of one client; `nil` is no limit.
    package var frameRate: RateRule? = RateRule(perSecond: 100, burst: 1_000)
    /// Messages of one client but pings and pongs; `nil` is no limit.
    package var messageRate: RateRule? = RateRule(perMinute: 60)
    /// Connections that wait to be accepted.
    package var backlog = 4_096
    package var handshakeMilliseconds = 10_000
    /// Time between two pings; 0 is none.
    package var pingMilliseconds = 25_000
    package var pongMilliseconds = 10_000
    package var slowClients = SlowClientRule()
    /// What all clients together may be owed of their own, answers and messages of others.
    package var owedLimitBytes = 32 * 1_048_576
    package var presence = PresenceRule()
    package var journalPlace = JournalPlace.queue
    /// How much history is kept, whichever bound is reached first; by default events are not counted.
    package var journalEvents: Int?
    package var journalSeconds = 86_400
    /// How many keys have a state, each in each of its channels, and how many bytes those may be.
    package var keyLimit = 10_000
    package var keyBytes = 16 * 1_048_576
    /// Of how many channels and users it is remembered up to where their events are gone (SPEC §4); no option.
    package var historyMarkLimit = 65_536
    package var journalBytes = 64 * 1_048_576
    package var drainMilliseconds = 20_000
    /// The Redis that it shares with other servers; `nil` is none.
    package var redis: RedisSettings?

    /// Whether the server takes from itself what it does not need of the machine.
    package var isShutIn = true
    /// From this age of the oldest file on that waits the server is not ready.
    package var readyAgeMilliseconds = 60_000
    /// What programs call themselves.
    package var version = ""

    package var eventLines = EventLines.sampled
    package var conversation = Conversation.actions

    package init() {}

    /// Whether only programs on this machine can connect.
    package var isLoopbackOnly: Bool { (addresses + passedAddresses).allSatisfy(\.isLoopback) }

    /// How many events are kept where they are in memory, of this server or of Redis.
    package var eventsInMemory: Int { journalEvents ?? 10_000 }

    /// How much of the log stays in memory: enough that the slowest client the queue waits for is never overwritten.
    package var ringBytes: Int { max(4 * slowClients.limitBytes + 4 * eventLimitBytes, 1_048_576) }
}
