internal import Glibc

extension Account {
    /// The number of a group by its name or number (getgrnam(3)).
    package static func groupNumber(_ text: String) -> UInt32? {
        if let entry = unsafe getgrnam(text) { return unsafe entry.pointee.gr_gid }
        return UInt32(text)
    }

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
