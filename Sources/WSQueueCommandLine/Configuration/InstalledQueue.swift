internal import WSQueueArguments
internal import WSQueueSpool
package import WSQueueSystem

/// The package's queue, which is its service user's.
package enum InstalledQueue {
    /// Refuses to serve it as root where it is another user's: root's server would set aside the journal that is that
    /// user's, and leave one that the service may not use.
    ///
    /// - Parameter directory: The queue that is to be served.
    /// - Throws: ``CommandError`` with the command that starts it as its user.
    package static func refuseRoot(_ directory: String) throws(CommandError) {
        guard let owner = owner(of: directory) else { return }
        let name = Account.userName(owner) ?? "\(owner)"
        throw CommandError(
            .notPermitted,
            "\(directory) is the queue of user \(name), and root's server would set aside what is that user's: "
                + "systemctl start wsqueue-server, or: runuser -u \(name) -- wsqueue-server")
    }

    /// Makes root's process that of the service's user, for good, so that it may read what the service may and no more. For
    /// a program with one thread.
    ///
    /// - Parameter directory: The queue that would be served.
    /// - Returns: The user's name; `nil` where it is not that queue, or not root who asks.
    /// - Throws: Why this process may not become that user.
    package static func becomeUser(serving directory: String) throws(SystemCallError) -> String? {
        guard let owner = owner(of: directory), let account = Account.named("\(owner)") else { return nil }
        try account.become()
        return account.name
    }

    /// The user whose service it is, where root asks.
    private static func owner(of directory: String) -> UInt32? {
        guard Process.user == 0, directory == DefaultQueue.installed,
            let owner = (try? Directory.status(at: directory))?.owner, owner != 0
        else { return nil }
        return owner
    }
}
