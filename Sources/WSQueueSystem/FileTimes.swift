internal import WSQueueLibc

/// Times as utimensat(2) takes them.
enum FileTimes {
    /// The mtime alone; the time of the last reading stays.
    static func modified(_ unixNanoseconds: Int64) -> [timespec] {
        let (seconds, rest) = unixNanoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
        // 2^30 - 2 is UTIME_OMIT (bits/stat.h), a macro with a cast that is not imported.
        return [timespec(tv_sec: 0, tv_nsec: (1 << 30) - 2), timespec(tv_sec: Int(seconds), tv_nsec: Int(rest))]
    }
}

extension Directory {
    /// Sets the mtime of an entry (utimensat(2)).
    package func setModified(of name: FileName, _ unixNanoseconds: Int64) throws(SystemCallError) {
        let times = FileTimes.modified(unixNanoseconds)
        _ = try systemCall("utimensat", path(of: name)) {
            unsafe Int(name.withCString { unsafe utimensat(descriptor.number, $0, times, AT_SYMLINK_NOFOLLOW) })
        }
    }
}
