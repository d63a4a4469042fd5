internal import WSQueueSystem

/// The queue that is meant where none is named (SPEC §5): the one beside the caller while a server is at work there, else
/// that of the package, else the one beside the caller.
package enum DefaultQueue {
    /// The one beside the caller.
    package static let local = "queue"
    /// The one that the package makes.
    package static let installed = "/var/spool/wsqueue"

    /// Its path now.
    package static var path: String { path(local: local, installed: installed, user: Process.user) }

    /// Chooses between two paths.
    ///
    /// - Parameter user: Who calls. A directory that somebody else has put where this user happens to be counts for nothing,
    ///   nor does a link of somebody else's.
    package static func path(local: String, installed: String, user: UInt32) -> String {
        guard let status = try? Directory.status(at: installed), status.kind == .directory else { return local }
        return isServed(local, for: user) ? local : installed
    }

    private static func isServed(_ path: String, for user: UInt32) -> Bool {
        guard let link = try? Directory.linkStatus(at: path), [0, user].contains(link.owner),
            let directory = try? Directory.openUnlisted(path), let status = try? directory.status(),
            [0, user].contains(status.owner)
        else { return false }
        return ServerPresence.of(directory) == .held
    }
}
