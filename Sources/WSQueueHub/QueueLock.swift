internal import WSQueueCore
package import WSQueueOperation
internal import WSQueueSpool
package import WSQueueSystem

/// What makes a queue one server's alone, and what shows that to others.
package struct QueueLock: ~Copyable {
    private let lock: FileLock
    private let sign: ServerSign

    /// Takes a directory as the only server that works in it.
    ///
    /// - Parameter isPatient: Whether to wait a moment for what a process that is gone was starting.
    package static func take(
        _ directory: Directory, _ log: Log, isPatient: Bool = true
    ) throws(QueueDirectoryError) -> QueueLock {
        let entries = OwnEntries(in: directory, log: log)
        let attempt: FileLock.Attempt
        do throws(SystemCallError) {
            if let other = otherUsersServer(in: directory, entries) {
                attempt = .held(by: other.process)
            } else {
                attempt = try FileLock.take(ServerPresence.lockName, in: directory, entries, isPatient: isPatient)
            }
        } catch {
            throw .failed(error)
        }
        switch consume attempt {
        case .held(let holder): throw .held(QueueHeld(path: directory.path, holder: holder))
        case .taken(let lock):
            do throws(SystemCallError) {
                try entries.clear(ServerAddress.name)
                return QueueLock(lock: lock, sign: try ServerSign(in: directory, entries))
            } catch {
                throw .failed(error)
            }
        }
    }

    /// Whether others see by the time of the address alone that the queue is served.
    var needsTouch: Bool { sign.needsTouch }

    /// The server of root or of the directory's owner, where this user may not even try its lock.
    private static func otherUsersServer(in directory: Directory, _ entries: OwnEntries) -> ServerAddress? {
        guard let lock = try? directory.status(of: ServerPresence.lockName), !entries.isOurs(lock),
            lock.owner == 0 || lock.owner == (try? directory.status())?.owner,
            ServerPresence.of(directory) == .held
        else { return nil }
        return ServerAddress.read(in: directory)
    }
}

/// Another server owns the queue.
package struct QueueHeld: Error, CustomStringConvertible {
    package let path: String
    /// Its process number, where it is sure.
    package let holder: Int32?

    package var description: String {
        let who = holder.map { "the server with pid \($0)" } ?? "another process"
        return "\(who) holds the queue \(path)"
    }

    /// What the operator can do.
    package var hint: String {
        guard holder == nil else { return "stop that one first, or use another --dir" }
        return "find it with: fuser -v \(TerminalText.shellWord("\(path)/\(ServerPresence.lockName)"))"
    }
}

extension OwnEntries {
    /// What is the server's in a directory; what others have put there is named in the log.
    package init(in directory: Directory, log: Log) { self.init(in: directory) { log.write(LogLine($0)) } }
}

extension LogLine {
    /// What stood where something of the server's belongs.
    init(_ entry: ForeignEntry) {
        self = LogLine(.warning, "queue.displaced").with("file", entry.path)
            .with("moved", entry.newName.description).with("owner", entry.owner)
            .with("hint", "it stood where something of the server's own belongs: look at it and remove it")
    }
}
