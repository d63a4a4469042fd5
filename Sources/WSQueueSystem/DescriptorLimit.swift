internal import WSQueueLibc

/// How many descriptors this process may have (getrlimit(2), `RLIMIT_NOFILE`).
package struct DescriptorLimit: Sendable {
    /// The limit now.
    package let now: Int
    /// The limit it was started with.
    package let before: Int

    /// Raises the limit as far as the system allows this user.
    package static func raise() throws(SystemCallError) -> DescriptorLimit {
        var limit = rlimit()
        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        _ = try systemCall("getrlimit", "") { Int(unsafe getrlimit(resource, &limit)) }
        let before = Int(clamping: limit.rlim_cur)
        limit.rlim_cur = limit.rlim_max
        if unsafe setrlimit(resource, &limit) != 0 { return DescriptorLimit(now: before, before: before) }
        return DescriptorLimit(now: Int(clamping: limit.rlim_cur), before: before)
    }

    /// The limit of a process, up to which it may raise its own (proc_pid_limits(5)); `nil` where that cannot be read.
    package static func hard(of process: Int32) -> Int? {
        guard let bytes = try? InputFile.open("/proc/\(process)/limits").readAll(limitBytes: 16_384) else { return nil }
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
        let fields = lines.first { $0.hasPrefix("Max open files") }?.split(separator: " ") ?? []
        return fields.count > 4 ? Int(fields[4]) : nil
    }
}
