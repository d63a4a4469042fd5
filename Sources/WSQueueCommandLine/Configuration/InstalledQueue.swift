internal import WSQueueArguments
internal import WSQueueSpool
internal import WSQueueSystem

/// The package's queue, which is its service user's.
package enum InstalledQueue {
    /// Refuses to serve it as root where it is another user's: root's server would set aside the journal that is that
    /// user's, and leave one that the service may not use.
    ///
    /// - Parameter directory: The queue that is to be served.
    /// - Throws: ``CommandError`` with the command that starts it as its user.
    package static func refuseRoot(_ directory: String) throws(CommandError) {
        guard Process.user == 0, directory == DefaultQueue.installed,
            let owner = (try? Directory.status(at: directory))?.owner, owner != 0
        else { return }
        let name = Account.userName(owner) ?? "\(owner)"
        throw CommandError(
            .notPermitted,
            "\(directory) is the queue of user \(name), and root's server would set aside what is that user's: "
                + "systemctl start wsqueue-server, or: runuser -u \(name) -- wsqueue-server")
    }
}
