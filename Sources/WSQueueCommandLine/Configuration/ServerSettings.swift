package import WSQueueArguments
package import WSQueueOperation
internal import WSQueueSystem
internal import WSQueueWire

/// The configuration that counts: what was given, wherever that was, and the defaults of the table for the rest.
package struct ServerSettings {
    /// What the server is made of.
    package var configuration = Configuration()
    /// Which lines are written: these and graver ones.
    package var logLevel = LogLevel.info
    /// `nil` is to be found out.
    var logFormat: LogLine.Format?
    /// `nil` is standard error.
    package var logFile: String?
    /// How tokens may be signed; empty is any that there are.
    var algorithms: Set<TokenAlgorithm> = []
    /// Where Redis is; `nil` is no Redis, whatever else is said of it.
    var redisLocation: RedisLocation?
    var redisPasswordPath: String?
    var redisStream = ""
    var redisReplicas = 0

    /// Takes everything.
    ///
    /// - Throws: The first fault.
    package init(_ arguments: ParsedArguments) throws(ArgumentFault) {
        var faults: [ArgumentFault] = []
        self.init(arguments, faults: &faults)
        if let fault = faults.first { throw fault }
    }

    /// Takes everything that can be taken, and tells of the rest.
    package init(_ arguments: ParsedArguments, faults: inout [ArgumentFault]) {
        configuration.threads = Processors.count
        configuration.addresses = []
        configuration.version = Version.text
        for setting in Setting.all {
            for given in EffectiveValue.all(of: setting.option, arguments) {
                do throws(ValueFault) {
                    try setting.apply(given.text, &self)
                } catch {
                    faults.append(.badValue(error, given.origin ?? .flag("--\(setting.option.name)")))
                }
            }
        }
        configuration.prefersPassedSockets = EffectiveValue.all(of: Setting.listen, arguments).allSatisfy(\.isDefault)
        configuration.redis = redisLocation.map { location in
            var redis = RedisSettings(location: location)
            redis.passwordPath = redisPasswordPath
            redis.stream = redisStream
            redis.replicas = redisReplicas
            return redis
        }
        if !algorithms.isEmpty { configuration.tokenAlgorithms = algorithms }
    }

    /// Where the log goes.
    package var logDestination: Log.Destination { logFile.map { .file($0) } ?? .standardError }

    /// How the log's lines are written.
    package var effectiveLogFormat: LogLine.Format {
        logFormat ?? (logFile == nil && Self.isJournalReading ? .journal : .text)
    }

    /// Whether standard error is what systemd says the journal reads (systemd.exec(5), `JOURNAL_STREAM`). Somebody may
    /// have turned it elsewhere since, and the variable is inherited all the same.
    private static var isJournalReading: Bool {
        guard let stream = Process.environment("JOURNAL_STREAM"), let identity = StandardStream.error.identity else {
            return false
        }
        return stream == "\(identity.device):\(identity.inode)"
    }
}

/// A value that counts for a key.
package struct EffectiveValue {
    /// As it was given.
    package let text: String
    /// Where it was given; `nil` for the default.
    package let origin: Origin?

    /// Whether it has its default value.
    package var isDefault: Bool { origin == nil }

    /// All values that count for a key: one, several where it may be given several times, or none.
    package static func all(of option: Option, _ arguments: ParsedArguments) -> [EffectiveValue] {
        if option == Setting.listen { return listens(arguments) }
        // An alias is given under the name of its option.
        guard option.alias == nil else { return [] }
        let given = arguments.given(option).map { EffectiveValue(text: $0.value ?? "yes", origin: $0.origin) }
        if option.isRepeatable, !given.isEmpty { return given }
        if let last = given.last { return [last] }
        guard case .value(let text) = option.defaultValue else { return [] }
        return [EffectiveValue(text: text, origin: nil)]
    }

    /// `--host` and `--port` make one address more beside those of `--listen` that were given in the same place; of
    /// different places the one that counts more has the word.
    private static func listens(_ arguments: ParsedArguments) -> [EffectiveValue] {
        let whole = arguments.given(Setting.listen)
        let parts = [Setting.host, Setting.port].compactMap { arguments.last($0) }
        let rank = (whole + parts).map(\.origin.rank).max()
        var values = whole.filter { $0.origin.rank == rank }.compactMap { given in
            given.value.map { EffectiveValue(text: $0, origin: given.origin) }
        }
        if let strongest = parts.max(by: { $0.origin.rank < $1.origin.rank }), strongest.origin.rank == rank {
            let port = arguments.value(Setting.port) ?? "8081"
            // A port that is none is told as such.
            guard UInt16(port) != nil else { return values }
            let host = arguments.value(Setting.host) ?? "127.0.0.1"
            let shown = host.utf8.contains(UInt8(ascii: ":")) && host.utf8.first != UInt8(ascii: "[")
            let text = (shown ? "[\(host)]" : host) + ":" + port
            values.append(EffectiveValue(text: text, origin: strongest.origin))
        }
        if values.isEmpty, case .value(let text) = Setting.listen.defaultValue {
            values.append(EffectiveValue(text: text, origin: nil))
        }
        return values
    }
}
