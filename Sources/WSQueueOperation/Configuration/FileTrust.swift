package import WSQueueSystem

/// Who else may read or change a file that decides who may do what.
package enum FileTrust {
    /// What a file holds.
    package enum Contents: Sendable {
        /// What nobody else may know: whoever does can make tokens, or publish.
        case secrets
        /// What nobody else may change.
        case settings
    }

    /// What is wrong with a file's mode or owner, and what to do; `nil` where nothing is.
    ///
    /// - Parameter user: Whom this process runs as: root's files and one's own are trusted.
    package static func doubt(about contents: Contents, _ status: FileStatus, user: UInt32) -> String? {
        let mode = contents == .secrets ? "640" : "644"
        if status.owner != 0, status.owner != user {
            return "the file belongs to user \(status.owner), who may put another one in its place; chown root"
        }
        if contents == .secrets, status.mode & 0o007 != 0 {
            return "everybody on this machine may read the secrets; chmod 640"
        }
        guard status.mode & 0o022 != 0 else { return nil }
        let who = status.mode & 0o002 != 0 ? "everybody on this machine" : "its group"
        return "\(who) may change what is read here; chmod \(mode)"
    }

    /// The same of a file at a path, with its mode; `nil` also where none can be looked at.
    package static func doubt(about contents: Contents, at path: String) -> (mode: UInt32, hint: String)? {
        guard let status = try? Directory.status(at: path), status.kind == .regular,
            let hint = doubt(about: contents, status, user: Process.user)
        else { return nil }
        return (status.mode, hint)
    }
}
