internal import WSQueueLibc

extension Account {
    /// The number of a user by its name or number (getpwnam_r(3)). For any thread.
    package static func userNumber(_ text: String) -> UInt32? {
        var entry = unsafe passwd()
        var found: UnsafeMutablePointer<passwd>?
        var buffer = [CChar](repeating: 0, count: bufferBytes)
        _ = unsafe getpwnam_r(text, &entry, &buffer, buffer.count, &found)
        return unsafe found == nil ? UInt32(text) : entry.pw_uid
    }

    /// The number of a group by its name or number (getgrnam_r(3)). For any thread.
    package static func groupNumber(_ text: String) -> UInt32? {
        var entry = unsafe WSQueueLibc.group()
        var found: UnsafeMutablePointer<WSQueueLibc.group>?
        // The entry lists all members.
        var buffer = [CChar](repeating: 0, count: 16 * bufferBytes)
        _ = unsafe getgrnam_r(text, &entry, &buffer, buffer.count, &found)
        return unsafe found == nil ? UInt32(text) : entry.gr_gid
    }

    /// All groups of a user, the first one included (getpwuid_r(3), getgrouplist(3)); none where it has no entry. For any
    /// thread.
    package static func groups(of user: UInt32) -> [UInt32] {
        var entry = unsafe passwd()
        var found: UnsafeMutablePointer<passwd>?
        var buffer = [CChar](repeating: 0, count: bufferBytes)
        guard unsafe getpwuid_r(user, &entry, &buffer, buffer.count, &found) == 0, unsafe found != nil else {
            return []
        }
        var count: Int32 = 64
        while true {
            var groups = [gid_t](repeating: 0, count: Int(count))
            let room = count
            if unsafe getgrouplist(entry.pw_name, entry.pw_gid, &groups, &count) >= 0 {
                return Array(groups.prefix(Int(count)))
            }
            // It tells how many there are; where it does not, no more can be known.
            guard count > room, count <= 65_536 else { return groups }
        }
    }

    private static let bufferBytes = 16_384

    /// The names that a group's entry lists (getgrgid(3)); those whose first group it is are not among them.
    package static func members(of group: UInt32) -> [String] {
        guard let entry = unsafe getgrgid(group), var next = unsafe entry.pointee.gr_mem else { return [] }
        var names: [String] = []
        while let name = unsafe next.pointee {
            unsafe names.append(String(cString: name))
            unsafe next += 1
        }
        return names
    }

    /// Who runs a process, with its groups (proc_pid_status(5)); `nil` where that cannot be read.
    package static func running(_ process: Int32) -> Account? {
        guard let bytes = try? InputFile.open("/proc/\(process)/status").readAll(limitBytes: 16_384) else { return nil }
        var fields: [Substring: [UInt32]] = [:]
        for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
            guard let colon = line.firstIndex(of: ":") else { continue }
            let words = line[line.index(after: colon)...].split(whereSeparator: { $0 == " " || $0 == "\t" })
            fields[line[..<colon]] = words.compactMap { UInt32($0) }
        }
        guard let users = fields["Uid"], let groups = fields["Gid"], users.count > 1, groups.count > 1 else {
            return nil
        }
        return Account(
            name: named("\(users[1])")?.name ?? "\(users[1])", user: users[1], group: groups[1],
            groups: [groups[1]] + (fields["Groups"] ?? []))
    }
}
