package import WSQueueSystem

/// Whether a server can tell who has published an event (SPEC §2, identity).
package enum OwnerDoubt: Equatable, Sendable {
    /// A user namespace knows so many users only.
    case namespace(count: UInt64)
    /// The queue belongs to one whom the user namespace does not know, as others who publish may.
    case queue
    /// Files that the server writes for those who publish by HTTP can be given other names.
    case names

    /// Whether rules about whose files are taken would hold for nobody.
    package var forbidsRules: Bool {
        if case .namespace = self { true } else { false }
    }

    /// What is not to be told apart, and where.
    package var reason: String {
        switch self {
        case .namespace(let count):
            "the server's user namespace knows \(count == 0 ? "no user" : count == 1 ? "one user" : "\(count) users") of "
                + "this system, so that it cannot be told whose a file is"
        case .queue:
            "the queue's directory belongs to somebody whom the server's user namespace does not know, and it cannot be "
                + "told which of those a file is of"
        case .names:
            "others may rename the server's files in the queue's directory, so that it cannot be told with which publish "
                + "token an event has come"
        }
    }

    /// What to do.
    package var hint: String {
        if self == .names { return "give the directory to the server's user or root, and chmod +t" }
        return
            "start the server outside of that namespace, or have all users mapped into it (systemd: PrivateUsers=no; "
            + "containers: at least the numbers 0 to 65535, see subuid(5))"
    }

    /// Decides.
    ///
    /// - Parameter queueOwner: Whose the queue's directory is; `nil` where there is none yet.
    package init?(_ reach: UserNamespace.Reach, queueOwner: UInt32?) {
        switch reach {
        case .everyone: return nil
        case .few(let count): self = .namespace(count: count)
        case .usual:
            guard queueOwner == UserNamespace.nobody else { return nil }
            self = .queue
        }
    }

    /// Looks.
    ///
    /// - Parameters:
    ///   - user: Whom the server runs as.
    ///   - process: The server, where that is another process.
    package static func looked(
        _ configuration: Configuration, user: UInt32 = Process.user, process: Int32? = nil
    ) -> OwnerDoubt? {
        let queue = try? Directory.status(at: configuration.queuePath)
        if let doubt = OwnerDoubt(UserNamespace.reach(of: process), queueOwner: queue?.owner) { return doubt }
        guard configuration.publishTokenPath != nil, let queue, queue.letsOthersRename(filesOf: user) else {
            return nil
        }
        return .names
    }
}
