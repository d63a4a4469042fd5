internal import WSQueueLibc

/// What this process uses of the machine.
package struct ProcessFigures: Sendable {
    /// Processor time of all threads (clock_gettime(2), `CLOCK_PROCESS_CPUTIME_ID`).
    package let processorNanoseconds: Int64
    /// Memory in use and address space (proc_pid_statm(5)); `nil` where /proc is not mounted.
    package let residentBytes: Int64?
    package let virtualBytes: Int64?
    /// Open descriptors (proc_pid_fd(5)); `nil` where /proc is not mounted.
    package let openDescriptors: Int?

    /// The figures of this moment.
    package static func now() -> ProcessFigures {
        let pages = memoryPages()
        let pageBytes = Int64(sysconf(Int32(_SC_PAGESIZE)))
        return ProcessFigures(
            processorNanoseconds: Clock.processorNanoseconds(), residentBytes: pages.map { $0.resident * pageBytes },
            virtualBytes: pages.map { $0.total * pageBytes }, openDescriptors: countDescriptors())
    }

    private static func memoryPages() -> (total: Int64, resident: Int64)? {
        guard let bytes = try? InputFile.open("/proc/self/statm").readAll(limitBytes: 4_096) else { return nil }
        let numbers = bytes.split(separator: UInt8(ascii: " ")).prefix(2).compactMap {
            Int64(String(decoding: $0, as: UTF8.self))
        }
        return numbers.count == 2 ? (numbers[0], numbers[1]) : nil
    }

    /// Linux 6.2 and later say the number as the directory's size, which costs one call however many there are.
    private static func countDescriptors() -> Int? {
        let path = "/proc/self/fd"
        if let status = try? Directory.status(at: path), status.sizeBytes > 0 { return Int(status.sizeBytes) }
        guard let directory = try? Directory.open(path) else { return nil }
        var count = 0
        try? directory.forEachName { _ in count += 1 }
        // One of them was opened to count.
        return max(0, count - 1)
    }
}
