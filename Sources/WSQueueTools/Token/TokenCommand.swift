package import WSQueueArguments
package import WSQueueCommandLine
internal import WSQueueCore
internal import WSQueueOperation
internal import WSQueueSystem
internal import WSQueueWire

/// `wsqueue-server token`: makes tokens, and says what the server thinks of one.
package enum TokenCommand: Command {
    package static let table = OptionTable.command(
        "token", forms: ["new [OPTION]... --sub ID", "check [OPTION]... TOKEN|-"],
        summary: "Makes a token for a client, or says what the server would make of one. new signs with the first "
            + "secret of --jwt-secret-file; check prints the claims too. - reads the token from standard input, where "
            + "no list of processes shows it.",
        options: [ServerOptions.secretFile, ServerOptions.algorithm, ServerOptions.audience] + ServerOptions.sources
            + TokenDraft.options,
        words: ["new", "check"],
        sections: [
            OptionTable.Section(
                "Examples",
                [
                    "wsqueue-server token new --jwt-secret-file secret --sub 42 --role admin",
                    "wsqueue-server token new -c /etc/wsqueue/server.conf --sub 42 --channels 'orders,chat.*'",
                    "wsqueue-server token check -c /etc/wsqueue/server.conf - < token",
                ]),
            OptionTable.Section.exitStatuses([.success, .usage, .badData, .configuration]) { status in
                status == .badData ? "the token is not acceptable" : nil
            },
        ])

    package static func run(_ arguments: ParsedArguments, in program: ProgramContext) throws -> ExitStatus {
        switch arguments.operands.first {
        case "new":
            try arguments.refuseOperands(after: 1)
            return try new(arguments, program.terminal)
        case "check":
            try arguments.refuseOperands(after: 2)
            guard arguments.operands.count == 2 else { throw ArgumentFault.other("token check wants a TOKEN, or -") }
            for option in TokenDraft.options {
                if let given = arguments.last(option) { throw ArgumentFault.other("\(given.source) is for token new") }
            }
            return try check(arguments, arguments.operands[1], program.terminal)
        default: throw ArgumentFault.missingValue(option: "token", what: "new or check")
        }
    }

    private static func new(_ arguments: ParsedArguments, _ terminal: Terminal) throws -> ExitStatus {
        let claims = try TokenDraft.claims(arguments, unixSeconds: unixSeconds)
        let algorithm =
            try arguments.values(ServerOptions.algorithm).isEmpty
            ? .hs256 : algorithms(arguments).first ?? .hs256
        guard let secret = try secrets(arguments).first, let token = secret.sign(claims, algorithm) else {
            throw CommandError(.configuration, "the first secret is too short for \(algorithm.rawValue)")
        }
        try terminal.write(String(decoding: token, as: UTF8.self) + "\n")
        return .success
    }

    private static func check(
        _ arguments: ParsedArguments, _ word: String, _ terminal: Terminal
    ) throws -> ExitStatus {
        let verifier = TokenVerifier(
            secrets: try secrets(arguments), algorithms: Set(try algorithms(arguments)),
            audiences: arguments.values(ServerOptions.audience))
        let text = word == "-" ? try standardInput() : Array(word.utf8)
        do throws(TokenError) {
            let token = try JSONWebToken.decode(text.span)
            try? terminal.write("\(token.algorithm.rawValue) \(claims(of: token))\n")
            let identity = try verifier.verify(text.span, unixSeconds: unixSeconds).identity
            try? terminal.write("valid: \(description(of: identity))\n")
            return .success
        } catch {
            terminal.complain("refused (\(error.reason)): \(error.advice)")
            return .badData
        }
    }

    /// The claims as they stand; what is no JSON is not shown.
    private static func claims(of token: JSONWebToken) -> String {
        guard (try? JSONScanner.validate(token.payload.span)) != nil else { return "(claims that are no JSON)" }
        return TerminalText.plain(token.payload)
    }

    private static func description(of identity: Identity) -> String {
        var parts = ["user \(identity.user.text)"]
        if !identity.roles.isEmpty { parts.append("roles " + identity.roles.joined(separator: ",")) }
        if let channels = identity.channels { parts.append("channels " + channels.map(\.text).joined(separator: ",")) }
        if let end = identity.expiresAtSeconds {
            let left = Shown.span(nanoseconds: (end - unixSeconds) * 1_000_000_000)
            parts.append("until \(Timestamp.text(end * 1_000_000_000)) (\(left))")
        } else {
            parts.append("for ever")
        }
        return TerminalText.plain(parts.joined(separator: "; "))
    }

    private static func secrets(_ arguments: ParsedArguments) throws -> [TokenSecret] {
        guard let path = arguments.value(ServerOptions.secretFile) else {
            throw CommandError(.configuration, "no secret is there: name its file with --jwt-secret-file")
        }
        do {
            let bytes = try InputFile.open(path).readAll(limitBytes: ConfigurationFile.limitBytes)
            return try TokenSecretFile.decode(bytes)
        } catch let fault as TokenSecretFile.Fault {
            throw CommandError(.configuration, "\(path): \(fault.reason)")
        } catch {
            throw CommandError(.configuration, "\(error)")
        }
    }

    private static func algorithms(_ arguments: ParsedArguments) throws(ArgumentFault) -> [TokenAlgorithm] {
        var algorithms: [TokenAlgorithm] = []
        for given in arguments.given(ServerOptions.algorithm) {
            guard let algorithm = TokenAlgorithm(rawValue: given.value ?? "") else {
                throw .badValue(ValueFault(given.value ?? "", wanted: "one of HS256, HS384, HS512"), given.origin)
            }
            algorithms.append(algorithm)
        }
        return algorithms.isEmpty ? TokenAlgorithm.allCases : algorithms
    }

    private static func standardInput() throws(SystemCallError) -> [UInt8] {
        let bytes = try InputFile.standardInput().readAll(limitBytes: JSONWebToken.limitBytes + 2)
        let blanks: [UInt8] = [0x20, 0x09, 0x0A, 0x0D]
        guard let last = bytes.lastIndex(where: { !blanks.contains($0) }) else { return [] }
        return Array(bytes[...last])
    }

    private static var unixSeconds: Int64 { Clock.unixNanoseconds() / 1_000_000_000 }
}
