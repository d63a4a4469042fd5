internal import WSQueueSystem

/// What the kernel itself needs of memory.
enum KernelMemory {
    /// Its objects, of which sockets are some (`Slab` in /proc/meminfo), and what lies in TCP's buffers
    /// (/proc/net/sockstat, pages).
    static var bytes: Int64 {
        number(after: "Slab:", in: "/proc/meminfo") * 1_024 + number(after: "mem", in: "/proc/net/sockstat") * 4_096
    }

    /// The number after the first word of this kind.
    private static func number(after word: Substring, in path: String) -> Int64 {
        let bytes = (try? InputFile.open(path).readAll(limitBytes: 65_536)) ?? []
        let words = String(decoding: bytes, as: UTF8.self).split { " \n\t".contains($0) }
        guard let index = words.firstIndex(of: word), index + 1 < words.count else { return 0 }
        return Int64(words[index + 1]) ?? 0
    }
}
