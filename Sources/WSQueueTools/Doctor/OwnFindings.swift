internal import WSQueueCore
package import WSQueueSystem

/// An entry of the queue that is the server's own.
package struct OwnEntryFacts: Sendable {
    /// Its name.
    package let name: String
    /// What it is.
    package let kind: FileStatus.Kind
    /// The permission bits.
    package let mode: UInt32
    /// The owner's number, and name where it has one.
    package let owner: UInt32
    package let ownerName: String

    /// Makes what was seen of one.
    package init(name: String, kind: FileStatus.Kind, mode: UInt32, owner: UInt32, ownerName: String) {
        self.name = name
        self.kind = kind
        self.mode = mode
        self.owner = owner
        self.ownerName = ownerName
    }

    /// All that there are in a queue.
    static func all(in path: String) -> [OwnEntryFacts] {
        guard let queue = try? Directory.openUnlisted(path) else { return [] }
        return OwnFindings.modes.compactMap { name, _ in
            guard let status = try? queue.status(of: FileName(name)) else { return nil }
            return OwnEntryFacts(
                name: name, kind: status.kind, mode: status.mode & 0o777, owner: status.owner,
                ownerName: Account.named("\(status.owner)")?.name ?? "\(status.owner)")
        }
    }
}

/// Whether what is the server's own in the queue is nobody else's.
enum OwnFindings {
    /// What each may be open to.
    static let modes: [(name: String, mode: UInt32)] = [
        (".failed", 0o700), (".journal", 0o700), (".lock", 0o600), (".node", 0o600), (".server", 0o622),
        (".address", 0o644), (".control", 0o600),
    ]

    static func all(_ facts: DoctorFacts) -> [Finding] {
        facts.directory.own.compactMap { entry in
            let path = "\(facts.path)/\(entry.name)"
            let server = facts.access.server
            guard entry.owner == server.user else {
                return Finding(
                    .warning,
                    "\(entry.name) belongs to \(entry.ownerName), and not to the server (\(server)), which would rename it "
                        + "and make its own",
                    fix: "chown -R \(TerminalText.shellWord(server.name)) \(path) if a server has made it, else "
                        + "rm -r \(path)")
            }
            let allowed = modes.first { $0.name == entry.name }?.mode ?? 0o600
            guard entry.mode & ~allowed & 0o077 != 0 else { return nil }
            return Finding(
                .warning,
                "\(entry.name) has mode \(String(entry.mode, radix: 8)), which lets others use what is the server's",
                fix: "chmod \(String(allowed, radix: 8)) \(path), or start the server anew")
        }
    }
}
