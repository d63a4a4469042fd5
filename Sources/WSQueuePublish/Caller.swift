internal import WSQueueCore
internal import WSQueueSystem

/// Who this process is, and what would let it into a directory, in words: by number and, where the files of this machine have
/// one, by name.
enum Caller {
    /// Who it is, as id(1) tells it.
    static var description: String {
        let further = Process.groups.filter { $0 != Process.group }.map { named($0, AccountFiles.group) }
        return "you are \(user(Process.user)), \(group(Process.group))"
            + (further.isEmpty ? "" : ", groups \(further.joined(separator: " "))")
    }

    static func user(_ number: UInt32) -> String { "uid \(named(number, AccountFiles.user))" }

    static func group(_ number: UInt32) -> String { "gid \(named(number, AccountFiles.group))" }

    /// What lets this user create files in a directory that its group may write to; `nil` where that is no way.
    static func wayIn(_ status: FileStatus) -> String? {
        let own = [Process.group] + Process.groups
        // Root's group is for no one else.
        guard status.mode & 0o030 == 0o030, status.group != 0, !own.contains(status.group),
            let group = AccountFiles.group(status.group), let user = AccountFiles.user(Process.user)
        else { return nil }
        let name = TerminalText.shellWord(user.name)
        let again = "log in again, or restart the service that runs as \(name)"
        // What a process may is decided when it begins.
        return group.rest.contains(user.name)
            ? "\(name) is in the group \(TerminalText.shellWord(group.name)), and was not when this session began: \(again)"
            : "run usermod -aG \(TerminalText.shellWord(group.name)) \(name) as root, then \(again)"
    }

    private static func named(_ number: UInt32, _ find: (UInt32) -> AccountFiles.Entry?) -> String {
        find(number).map { "\(number) (\(TerminalText.plain($0.name)))" } ?? "\(number)"
    }
}
