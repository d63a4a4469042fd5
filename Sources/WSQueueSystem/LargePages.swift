internal import WSQueueLibc

/// Pages of 2 MiB, for memory that is filled at once: the kernel gives one of them for 512 small ones.
enum LargePages {
    private static let byteCount = 2 * 1_048_576

    /// Asks for large pages where whole ones lie in a range (madvise(2)); a kernel that has none gives small ones.
    @unsafe
    static func advise(_ range: UnsafeMutableRawBufferPointer) {
        guard let base = range.baseAddress else { return }
        let start = Int(bitPattern: base)
        let first = (start + byteCount - 1) / byteCount * byteCount
        let end = (start + range.count) / byteCount * byteCount
        guard end > first else { return }
        // 14 is MADV_HUGEPAGE (asm-generic/mman-common.h).
        _ = unsafe madvise(base + (first - start), end - first, 14)
    }
}
