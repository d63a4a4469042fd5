/// How many of the users that there are a process can tell apart: in a user namespace (user_namespaces(7)) the files of all
/// whom it does not know belong to one and the same.
package enum UserNamespace {
    /// How far users can be told apart.
    package enum Reach: Equatable, Sendable {
        /// There is no namespace that maps any of them away.
        case everyone
        /// All below 65,534, which are those that a system gives, and so many at all.
        case usual(count: UInt64)
        /// So many, and not all of those.
        case few(count: UInt64)
    }

    /// Stands for all users that a namespace does not know (`/proc/sys/kernel/overflowuid`), and that NFS does not.
    package static let nobody: UInt32 = 65_534

    /// All numbers but the last, which is no user's.
    private static let allCount: UInt64 = 4_294_967_295

    /// Reads what `/proc/PID/uid_map` says: a range a line, by its first number within, its first one outside, and how many
    /// there are. In a namespace that has been given none it is empty.
    package static func reach(ofMap text: String) -> Reach {
        var ranges: [(start: UInt64, count: UInt64)] = []
        for line in text.split(separator: "\n") {
            let words = line.split(whereSeparator: { $0 == " " || $0 == "\t" })
            guard words.count == 3, let start = UInt64(words[0]), let count = UInt64(words[2]), count <= allCount else {
                continue
            }
            ranges.append((start, count))
        }
        let count = ranges.reduce(0) { $0 + $1.count }
        if count >= allCount { return .everyone }
        var end: UInt64 = 0
        for range in ranges.sorted(by: { $0.start < $1.start }) where range.start <= end {
            end = max(end, range.start + range.count)
        }
        return end >= UInt64(nobody) ? .usual(count: count) : .few(count: count)
    }

    /// How far a process can tell users apart; a kernel without namespaces has no such file.
    package static func reach(of process: Int32? = nil) -> Reach {
        let path = "/proc/\(process.map { "\($0)" } ?? "self")/uid_map"
        guard let bytes = try? InputFile.open(path).readAll(limitBytes: 65_536) else { return .everyone }
        return reach(ofMap: String(decoding: bytes, as: UTF8.self))
    }
}
