internal import Glibc

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
}
