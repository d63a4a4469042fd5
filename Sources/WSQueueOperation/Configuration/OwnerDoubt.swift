package import WSQueueSystem

/// Whether the kernel tells this process whose a file is (SPEC §2, identity).
package enum OwnerDoubt: Equatable, Sendable {
    /// A user namespace knows so many users only.
    case namespace(count: UInt64)
    /// The queue belongs to one whom the user namespace does not know, as others who publish may.
    case queue

    /// Whether rules about whose files are taken would hold for nobody.
    package var forbidsRules: Bool { self != .queue }

    /// What is not to be told apart, and where.
    package var reason: String {
        switch self {
        case .namespace(let count):
            "the server's user namespace knows \(count == 0 ? "no user" : count == 1 ? "one user" : "\(count) users") of "
                + "this system, so that it cannot be told whose a file is"
        case .queue:
            "the queue's directory belongs to somebody whom the server's user namespace does not know, and it cannot be "
                + "told which of those a file is of"
        }
    }

    /// What to do.
    package var hint: String {
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
    /// - Parameter process: The server, where that is another process.
    package static func looked(_ configuration: Configuration, process: Int32? = nil) -> OwnerDoubt? {
        let queue = try? Directory.status(at: configuration.queuePath)
        return OwnerDoubt(UserNamespace.reach(of: process), queueOwner: queue?.owner)
    }
}
