internal import WSQueueArguments
internal import WSQueueNet
internal import WSQueueSpool
package import WSQueueSystem

/// The server that holds a queue on this machine, found by what it has written there: `.address`, and `.control`, which
/// only its own user and root may open (SPEC §6). Nobody else can have written them.
package struct QueueServer {
    /// The queue.
    package let queue: Directory
    let location: ServerLocation

    private static let control = FileName(".control")

    /// Looks for the server of the queue that a command line means.
    ///
    /// - Returns: `nil` where that cannot be told: an older server, or no such queue where none was named.
    /// - Throws: ``CommandError`` where it can be, and none holds the queue.
    static func find(_ arguments: ParsedArguments) throws -> QueueServer? {
        let given = arguments.last(ServerOptions.directory)
        let path = given?.value ?? DefaultQueue.path
        let queue: Directory
        do throws(SystemCallError) {
            queue = try Directory.openUnlisted(path)
        } catch {
            // The settings are for all users of this machine, and the queue need not be.
            guard let origin = given?.origin, error.isPermission, case .file = origin else {
                guard given != nil else { return nil }
                throw CommandError(
                    error.isPermission ? .notPermitted : .cannotCreate,
                    "\(error); name the queue directory with --dir, or the server's address with --listen")
            }
            return nil
        }
        switch ServerPresence.of(queue) {
        case .held: return at(queue)
        case .unknown: return nil
        case .none:
            guard given != nil else { return nil }
            throw CommandError(.unavailable, "no server holds \(path): what is published waits there")
        }
    }

    private static func at(_ queue: Directory) -> QueueServer? {
        guard let told = ServerAddress.read(in: queue) else { return nil }
        let addresses = told.addresses.compactMap(Address.parse).map(\.reachable)
        let all =
            (controlAddress(queue).map { [$0] } ?? []) + addresses.filter { !$0.isUnix } + addresses.filter(\.isUnix)
        return all.isEmpty ? nil : QueueServer(queue: queue, location: ServerLocation(all, of: queue))
    }

    /// The way that leaves nothing to be asked for a token, where this user may go it.
    private static func controlAddress(_ queue: Directory) -> Address? {
        guard let status = try? queue.status(of: control), status.kind == .socket,
            let owner = try? queue.status().owner,
            status.owner == owner || status.owner == 0,
            Process.user == 0 || Process.user == status.owner
        else { return nil }
        return .unix(path: queue.socketPath(of: control))
    }
}

extension Address {
    /// Where a program on this machine reaches what listens here.
    fileprivate var reachable: Address {
        switch self {
        case .internet("0.0.0.0", let port): .internet(host: "127.0.0.1", port: port)
        case .internet("::", let port): .internet(host: "::1", port: port)
        default: self
        }
    }
}
