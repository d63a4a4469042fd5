package import WSQueueArguments
internal import WSQueueOperation
package import WSQueueSystem

/// What a command is told that asks a running server.
package struct ServerCall {
    private static let listen = Option(
        "listen", short: "l", value: .required("ADDR"), environment: "WSQUEUE_URL",
        text: "For a server elsewhere: what its --listen says, or a URL. Without it the server of the queue is asked, "
            + "and where none is found the one at 127.0.0.1:8081, without a token.")
    private static let directory = Option(
        "dir", short: "d", value: .required("DIR"), environment: "WSQUEUE_DIR",
        text: "For the server of another queue, asked where it listens itself: its own user and root need no token "
            + "there. Without it the queue is that of the settings.")
    private static let settings = Option(
        "config", value: .required("FILE"), environment: "WSQUEUE_CONFIG",
        text: "For a server with settings in another file, of which the queue counts (default: "
            + "/etc/wsqueue/server.conf, where that is).")
    private static let tokenFile = Option(
        "token-file", value: .required("FILE"), environment: "WSQUEUE_TOKEN_FILE",
        text: "For a server that wants a token: a file with it; else the variable WSQUEUE_TOKEN. A command line would "
            + "show it to everybody."
    )

    /// The options of every command that asks a server.
    package static let options = [listen, directory, settings, tokenFile]

    /// Whom to ask.
    package let location: ServerLocation
    /// What to show; `nil` is nothing. Only what was typed, or found by its own files, may see it.
    package let token: String?
    /// The queue that the server was found by.
    package let queue: Directory?

    /// Whether the server is said to be on this machine.
    package var isOnThisMachine: Bool { location.isOnThisMachine }

    private static let standardAddress = "127.0.0.1:8081"

    /// Takes the options and at most one operand.
    ///
    /// - Throws: `ArgumentFault` for what cannot be meant, ``CommandError`` where there is no such server.
    package init(_ arguments: ParsedArguments) throws {
        try arguments.refuseOperands(after: 1)
        let token = try Self.token(arguments)
        if let text = try Self.typed(arguments) {
            (location, self.token, queue) = (try Self.location(text), token, nil)
        } else if let server = try QueueServer.find(arguments) {
            (location, self.token, queue) = (server.location, token, server.queue)
        } else {
            guard token == nil else {
                throw ArgumentFault.other(
                    "no server was found by its queue, and a token is for no one else; name its address: --listen "
                        + Self.standardAddress)
            }
            (location, self.token, queue) = (try Self.location(Self.standardAddress), nil, nil)
        }
    }

    /// The address that was given; the queue or the settings count instead where they were typed and it was not.
    private static func typed(_ arguments: ParsedArguments) throws(ArgumentFault) -> String? {
        let rank = [directory, settings].compactMap { arguments.last($0)?.origin.rank }.max() ?? 0
        let address = arguments.last(listen)
        if let word = arguments.operands.first ?? address.flatMap({ $0.isFromEnvironment ? nil : $0.value }) {
            guard rank < Origin.flag("").rank else {
                throw .other("an address was given, and a queue: which of the two servers is meant?")
            }
            return word
        }
        return address.flatMap { $0.origin.rank < rank ? nil : $0.value }
    }

    private static func location(_ text: String) throws(ArgumentFault) -> ServerLocation {
        guard let location = ServerLocation(text) else {
            throw .other(
                "'\(text)' is no address of a server; give http://host:port, host:port or unix:/path (https needs a "
                    + "proxy here)")
        }
        return location
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
    package init(_ error: ServerCallError) {
        switch error {
        case .unavailable(let text): self.init(.unavailable, text)
        case .notPermitted(let text): self.init(.notPermitted, text)
        }
    }
}
