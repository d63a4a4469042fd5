internal import WSQueueArguments
internal import WSQueueOperation
internal import WSQueueSystem

/// What a command is told that asks a running server.
struct ServerCall {
    private static let listen = Option(
        "listen", short: "l", value: .required("ADDR"), environment: "WSQUEUE_URL",
        text: "Where the server is: what its --listen says, or a URL (default 127.0.0.1:8081).")
    private static let tokenFile = Option(
        "token-file", value: .required("FILE"), environment: "WSQUEUE_TOKEN_FILE",
        text:
            "A file with the token to show; else the variable WSQUEUE_TOKEN. A command line would show it to everybody."
    )

    static let options = [listen, tokenFile]

    let location: ServerLocation
    let token: String?

    /// Takes the options and at most one operand.
    init(_ arguments: ParsedArguments) throws {
        try arguments.refuseOperands(after: 1)
        let text = arguments.operands.first ?? arguments.value(Self.listen) ?? "127.0.0.1:8081"
        guard let location = ServerLocation(text) else {
            throw ArgumentFault.other(
                "'\(text)' is no address of a server; give http://host:port, host:port or unix:/path (https needs a "
                    + "proxy here)")
        }
        self.location = location
        token = try Self.token(arguments)
    }

    private static func token(_ arguments: ParsedArguments) throws -> String? {
        guard let path = arguments.value(tokenFile) else { return Process.environment("WSQUEUE_TOKEN") }
        let bytes: [UInt8]
        do throws(SystemCallError) {
            bytes = try InputFile.open(path).readAll(limitBytes: 65_536)
        } catch {
            throw CommandError(error.isPermission ? .notPermitted : .noInput, "--token-file: \(error)")
        }
        let token = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isWhitespace)
        guard token.count == 1, token[0].utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw CommandError(.configuration, "--token-file \(path): one token is wanted, and nothing else")
        }
        return String(token[0])
    }
}

extension CommandError {
    /// What a server that is not there, or will not tell, is to a command.
    init(_ error: ServerCallError) {
        switch error {
        case .unavailable(let text): self.init(.unavailable, text)
        case .notPermitted(let text): self.init(.notPermitted, text)
        }
    }
}
