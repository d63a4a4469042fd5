package import WSQueueHub
package import WSQueueOperation
package import WSQueueSystem

/// Why a server could not start, by what the operator must look at.
package enum ServerStartError: Error, CustomStringConvertible {
    /// The queue's directory cannot be made or opened.
    case queue(SystemCallError, path: String)
    /// Another server owns the queue.
    case held(QueueHeld)
    /// The journal cannot be opened.
    case journal(SystemCallError)
    /// A later server has written what the journal has at this path.
    case newerJournal(path: String)
    /// A file about access cannot be used.
    case access(AccessFileError)
    /// An address cannot be listened on.
    case address(SystemCallError)
    /// The service manager has passed no socket of this name.
    case notPassed(name: String)
    /// The kernel refused something every server needs.
    case system(SystemCallError)

    package var description: String {
        switch self {
        case .queue(let error, let path): "queue \(path): \(error)"
        case .held(let error): error.description
        case .journal(let error): "journal: \(error)"
        case .newerJournal(let path):
            "journal: \(path) was written by a later wsqueue-server, and this one cannot read it"
        case .access(let error): error.description
        case .address(let error): error.description
        case .notPassed(""): "systemd: no listening socket was passed"
        case .notPassed(let name): "systemd:\(name): no listening socket of this name was passed"
        case .system(let error): error.description
        }
    }

    /// What the operator can do.
    package var hint: String {
        switch self {
        case .queue(let error, _) where error.isNotFound: "make its parent directory, or name another with --dir"
        case .queue(let error, _) where error.isPermission && error.call == "rename",
            .journal(let error) where error.isPermission && error.call == "rename":
            "somebody else has made it and this user may not move it away: do that as root, or give the directory that "
                + "it is in to this user"
        case .queue(let error, _) where error.isPermission: "let this user read, write and search the directory"
        case .queue: "look at what stands at that path, or name another with --dir"
        case .held(let error): error.hint
        case .access(let error): error.hint ?? "mend the file, or start without \(error.option)"
        case .newerJournal: "install that server again, or choose another --journal, or off"
        case .journal: "let this user read and write its files, or choose another --journal, or off"
        case .address(let error) where error.isAddressInUse: "stop what listens there, or choose another --listen"
        case .address: "choose another --listen"
        case .notPassed: "start it by its socket unit (FileDescriptorName= is the name), or choose another --listen"
        case .system: "look at the limits of this process and machine"
        }
    }
}
