package import WSQueueArguments
internal import WSQueueNet
package import WSQueueOperation
internal import WSQueueWire

/// Something that was given and does nothing, though no value is wrong by itself.
package struct SettingWarning: Equatable, Sendable, CustomStringConvertible {
    /// The option's name, or the names of variables.
    let subject: String
    /// What was given, if the line says it.
    var given: String?
    /// Why it does nothing.
    let hint: String
    /// Whether it may well be meant so.
    var isNotice = false

    /// One line for a person.
    package var description: String {
        let what = given.map { " '\($0)'" } ?? ""
        return isNotice ? "\(subject): \(hint)" : "warning: \(subject)\(what): \(hint)"
    }

    /// The same for the log.
    package var line: LogLine {
        if isNotice { return LogLine(.notice, "config.unknown").with("variables", subject).with("hint", hint) }
        var line = LogLine(.warning, "config.warn").with("key", subject)
        if let given { line = line.with("left_out", given) }
        return line.with("hint", hint)
    }
}

extension ServerSettings {
    /// What was given and does nothing.
    package func warnings(_ arguments: ParsedArguments) -> [SettingWarning] {
        warnings(arguments, ConfigurationSources.unknownVariables())
    }

    func warnings(_ arguments: ParsedArguments, _ variables: UnknownVariables) -> [SettingWarning] {
        var warnings = leftOut(arguments) + lonely(arguments) + overruled(arguments) + exposed(arguments)
        if !variables.others.isEmpty {
            warnings.append(
                SettingWarning(
                    subject: variables.others.joined(separator: " "), hint: "no program of ours reads these variables",
                    isNotice: true))
        }
        return warnings
    }

    /// What of an option does not count because it was given again in the same place.
    private func leftOut(_ arguments: ParsedArguments) -> [SettingWarning] {
        (Setting.options + [ServerOptions.configFile]).filter { $0.alias == nil }.flatMap { option in
            let last = arguments.value(option) ?? ""
            return arguments.leftOut(option).map { given in
                SettingWarning(
                    subject: option.name, given: given.value ?? "yes", hint: "given again, the last counts: \(last)")
            }
        }
    }

    /// What means nothing without another option.
    private func lonely(_ arguments: ParsedArguments) -> [SettingWarning] {
        let needs: [(key: String, other: String, isThere: Bool)] = [
            ("jwt-algorithm", "--jwt-secret-file", configuration.tokenSecretPath != nil),
            ("jwt-audience", "--jwt-secret-file", configuration.tokenSecretPath != nil),
            ("redis-password-file", "--redis", configuration.redis != nil),
            ("redis-stream", "--redis", configuration.redis != nil),
            ("redis-replicas", "--redis", configuration.redis != nil),
        ]
        return needs.compactMap { need in
            guard !need.isThere, let option = Setting.options.first(where: { $0.name == need.key }),
                arguments.last(option) != nil
            else { return nil }
            return SettingWarning(subject: need.key, hint: "does nothing without \(need.other)")
        }
    }

    /// What others on this machine may see or change.
    private func exposed(_ arguments: ParsedArguments) -> [SettingWarning] {
        var warnings: [SettingWarning] = []
        if let path = arguments.value(ServerOptions.configFile) ?? arguments.file,
            let doubt = FileTrust.doubt(about: .settings, at: path)
        {
            warnings.append(SettingWarning(subject: "config", given: path, hint: doubt.hint))
        }
        let option = Setting.options.first { $0.name == "redis" }
        if redisLocation?.password != nil, let option, case .flag? = arguments.last(option)?.origin {
            warnings.append(
                SettingWarning(
                    subject: "redis",
                    hint: "everybody on this machine sees the password among the processes; --redis-password-file"))
        }
        return warnings
    }

    /// What another value leaves nothing to do.
    private func overruled(_ arguments: ParsedArguments) -> [SettingWarning] {
        func isGiven(_ key: String) -> Bool {
            Setting.options.first { $0.name == key }.map { arguments.last($0) != nil } ?? false
        }
        var warnings: [SettingWarning] = []
        if isGiven("pong"), configuration.pongMilliseconds >= configuration.pingMilliseconds {
            warnings.append(
                SettingWarning(
                    subject: "pong", hint: "an answer is awaited until the next ping at the longest (--ping)"))
        }
        if isGiven("log-events"), configuration.eventLines != .off, logLevel < .info {
            warnings.append(
                SettingWarning(subject: "log-events", hint: "lines about events are of level info (--log-level)"))
        }
        if configuration.requiresToken, configuration.tokenSecretPath == nil {
            warnings.append(
                SettingWarning(subject: "require-token", hint: "no token is good without --jwt-secret-file"))
        }
        if configuration.clientLimit > 0, configuration.clientsPerAddress > configuration.clientLimit {
            warnings.append(
                SettingWarning(
                    subject: "clients-per-address", hint: "more than there may be of all addresses (--clients)"))
        }
        if configuration.trustedProxies.contains(.unix), configuration.passedSockets.isEmpty,
            !configuration.prefersPassedSockets, !configuration.addresses.contains(where: \.isUnix)
        {
            warnings.append(
                SettingWarning(
                    subject: "trusted-proxy", given: "unix", hint: "no Unix socket is listened to (--listen unix:PATH)")
            )
        }
        if configuration.origins.contains(.any), configuration.authorizeURL != nil {
            warnings.append(
                SettingWarning(
                    subject: "origin", given: "*",
                    hint: "--authorize-url gets no cookies of pages that only * allows; name those that have users")
            )
        } else if configuration.origins.contains(.any), configuration.origins.count > 1 {
            warnings.append(SettingWarning(subject: "origin", hint: "beside * no other origin has anything to add"))
        }
        return warnings
    }
}
