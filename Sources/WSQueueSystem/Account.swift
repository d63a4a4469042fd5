internal import WSQueueLibc

/// A user with the groups whose rights count (passwd(5), group(5)).
package struct Account: Equatable, Sendable, CustomStringConvertible {
    /// The user's name; the number where there is none.
    package let name: String
    package let user: UInt32
    package let group: UInt32
    /// All groups, the first one included.
    package let groups: [UInt32]

    /// Makes an account of what a running process is, say.
    package init(name: String, user: UInt32, group: UInt32, groups: [UInt32]) {
        self.name = name
        self.user = user
        self.group = group
        self.groups = groups
    }

    package var description: String { name }

    /// The account of a name or a number (getpwnam(3), getpwuid(3), getgrouplist(3)). For a program with one thread.
    ///
    /// - Returns: `nil` when there is none. A number needs no entry, and has then no groups but that number.
    package static func named(_ text: String) -> Account? {
        if let entry = unsafe getpwnam(text) { return unsafe Account(entry.pointee) }
        guard let number = UInt32(text) else { return nil }
        if let entry = unsafe getpwuid(number) { return unsafe Account(entry.pointee) }
        return Account(name: text, user: number, group: number, groups: [number])
    }

    /// A user's name; `nil` where there is none (getpwuid_r(3)). For any thread.
    package static func userName(_ user: UInt32) -> String? {
        var entry = unsafe passwd()
        var found: UnsafeMutablePointer<passwd>?
        var buffer = [CChar](repeating: 0, count: 16_384)
        guard unsafe getpwuid_r(user, &entry, &buffer, buffer.count, &found) == 0, unsafe found != nil,
            let name = unsafe entry.pw_name
        else { return nil }
        return unsafe String(cString: name)
    }

    /// A user's home (getpwuid(3)); `nil` where there is none. For a program with one thread.
    package static func homeDirectory(of user: UInt32) -> String? {
        guard let entry = unsafe getpwuid(user), let path = unsafe entry.pointee.pw_dir else { return nil }
        return unsafe String(cString: path)
    }

    /// Who this process is.
    package static var current: Account {
        Account(
            name: named("\(Process.user)")?.name ?? "\(Process.user)", user: Process.user, group: Process.group,
            groups: [Process.group] + Process.groups)
    }

    /// A group's name; its number where it has none (getgrgid(3)).
    package static func groupName(_ group: UInt32) -> String {
        guard let entry = unsafe getgrgid(group), let name = unsafe entry.pointee.gr_name else { return "\(group)" }
        return unsafe String(cString: name)
    }

    /// Makes this process that user, for good (setgroups(2), setgid(2), setuid(2)).
    package func become() throws(SystemCallError) {
        var list = groups
        _ = try systemCall("setgroups", name) { Int(unsafe setgroups(list.count, &list)) }
        _ = try systemCall("setgid", name) { Int(setgid(group)) }
        _ = try systemCall("setuid", name) { Int(setuid(user)) }
    }

    /// Whether the mode bits let this account do what `wanted` says: 4 to list, 2 to write, 1 to search, or a sum of them.
    package func may(_ wanted: UInt32, _ status: FileStatus) -> Bool {
        if user == 0 { return true }
        let shift: UInt32 = user == status.owner ? 6 : groups.contains(status.group) ? 3 : 0
        return status.mode >> shift & wanted == wanted
    }

    private init(_ entry: passwd) {
        unsafe name = String(cString: entry.pw_name)
        unsafe user = entry.pw_uid
        unsafe group = entry.pw_gid
        var count: Int32 = 256
        var list = [gid_t](repeating: 0, count: Int(count))
        let filled = unsafe getgrouplist(entry.pw_name, group, &list, &count)
        groups = filled > 0 ? Array(list.prefix(Int(filled))) : [group]
    }
}
