package import WSQueueArguments
package import WSQueueCommandLine
internal import WSQueueCore
internal import WSQueueNet
internal import WSQueueOperation
internal import WSQueueSpool
internal import WSQueueSystem
internal import WSQueueWire

/// `wsqueue-server kick`: disconnects a user, as the application may by `POST /disconnect`.
package enum KickCommand: Command {
    private static let user = Option(
        "user", short: "u", value: .required("ID"),
        text: "For a user who must go: the id whose clients are closed. Tokens that were made before, or do not say "
            + "when (iat), are refused for 24 hours.")

    package static let table = OptionTable.command(
        "kick", forms: ["[OPTION]... --user ID"],
        summary:
            "Disconnects a user from the server of a queue, and from all that share its Redis: its clients are closed "
            + "with 4504. It asks by the queue's .control, which the server's own user and root may.",
        options: [user, ServerOptions.directory] + ServerOptions.sources,
        sections: [
            OptionTable.Section("Examples", ["wsqueue-server kick --user 42 --dir /var/spool/wsqueue"]),
            OptionTable.Section(
                "Exit status",
                [
                    "0   done; how many clients were closed is printed", "64  the command line is wrong",
                    "69  no server holds the queue, or it does not answer", "73  there is no such queue",
                    "75  as many users are kept away as can be remembered, or not all servers have answered",
                    "77  only the server's own user and root may", "78  a configuration file is wrong",
                ]),
        ])

    package static func run(_ arguments: ParsedArguments, in program: ProgramContext) throws -> ExitStatus {
        try arguments.refuseOperands(after: 0)
        guard let name = arguments.value(user), Label(name) != nil else {
            throw ArgumentFault.other("kick wants --user with the id of a user")
        }
        let answer = try ControlCall(arguments).post(
            "/disconnect", JSONObjectOutput("user", name).finished(), in: program)
        guard answer.status == 200, let fields = JSONFields(answer.body), let closed = fields.number("closed") else {
            let refusal = ServerLocation.refusal(answer.status, answer.body)
            throw answer.status == 503 ? CommandError(.tryAgain, "\(refusal)") : CommandError(refusal)
        }
        try program.terminal.write("\(closed)\n")
        guard fields.isTrue("complete") else {
            throw CommandError(.tryAgain, "not all servers that share this one's Redis have answered")
        }
        return .success
    }
}

/// A question to the server of a queue by the socket that is only for its own user and root.
struct ControlCall {
    private static let name = FileName(".control")

    private let queue: Directory

    /// Finds the queue.
    init(_ arguments: ParsedArguments) throws {
        let path = arguments.value(ServerOptions.directory) ?? DefaultQueue.path
        do throws(SystemCallError) {
            queue = try Directory.openUnlisted(path)
        } catch {
            let advice = error.isPermission ? "" : "; name the queue directory with --dir"
            throw CommandError(error.isPermission ? .notPermitted : .cannotCreate, "\(error)\(advice)")
        }
    }

    /// Sends a body, and reads the answer.
    func post(_ path: String, _ body: [UInt8], in program: ProgramContext) throws -> (status: Int, body: [UInt8]) {
        let status: FileStatus
        do throws(SystemCallError) {
            status = try queue.status(of: Self.name)
        } catch {
            guard error.isNotFound else { throw CommandError(.notPermitted, "\(error)") }
            throw CommandError(.unavailable, "no server holds \(queue.path): there is no .control in it")
        }
        // Where others can make entries too, one may be somebody else's.
        let owner = try? queue.status().owner
        guard status.kind == .socket, status.owner == owner || status.owner == 0 || status.owner == Process.user else {
            throw CommandError(.unavailable, "\(queue.path(of: Self.name)) is no server's")
        }
        let address = Address.unix(path: queue.socketPath(of: Self.name))
        do throws(ServerCallError) {
            return try ServerLocation(address).fetch(path, token: nil, body: body)
        } catch {
            guard case .unavailable(let text) = error, Process.user != 0, Process.user != status.owner else {
                throw CommandError(error)
            }
            throw CommandError(
                .notPermitted,
                "only the server's own user (\(Account.named("\(status.owner)")?.name ?? "\(status.owner)")) "
                    + "and root may: \(text)")
        }
    }
}
