internal import CWSQueueLinux
internal import WSQueueLibc

/// A ring of bytes addressed by ever-growing positions, written by one thread and read by many.
///
/// The same pages are mapped twice, one after the other, so that every range up to the capacity is contiguous and can
/// be handed to send(2) as it is. Nothing here synchronises: the owner publishes a position with a releasing store
/// after writing, readers acquire it before reading, and no one reads what has been overwritten (``WSQueueLog`` keeps
/// both promises).
@safe
package final class MappedRing: Sendable {
    /// How many bytes are kept: a power of two and a multiple of the page size.
    package let capacityBytes: Int
    private nonisolated(unsafe) let base: UnsafeMutableRawPointer

    /// Maps a ring of at least `minimumBytes`. Pages cost memory only once they have been written.
    ///
    /// - Throws: ``SystemCallError`` when memory or address space is refused (mmap(2), mremap(2)).
    package init(minimumBytes: Int) throws(SystemCallError) {
        var capacity = Int(sysconf(Int32(_SC_PAGESIZE)))
        while capacity < minimumBytes { capacity *= 2 }
        let size = capacity
        // Reserve both halves at once, then lay the pages over each, so that no other mapping can come between.
        let reserved = unsafe mmap(nil, 2 * size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        guard let reserved = unsafe reserved, unsafe reserved != MAP_FAILED else {
            throw SystemCallError(call: "mmap", object: "ring", code: errno)
        }
        // Of no file in memory: that one would have to be below the limit of ulimit(1) for files.
        let first = unsafe mmap(
            reserved, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0)
        guard unsafe first != MAP_FAILED, unsafe wsqueue_map_again(reserved, size, reserved + size) != MAP_FAILED else {
            let code = errno
            unsafe munmap(reserved, 2 * size)
            throw SystemCallError(call: "mmap", object: "ring", code: code)
        }
        unsafe base = reserved
        capacityBytes = size
    }

    deinit { unsafe munmap(base, 2 * capacityBytes) }

    /// Lets `fill` write `count` bytes that begin at `position`. Only the one writer calls this.
    package func write(at position: UInt64, count: Int, _ fill: (inout OutputSpan<UInt8>) -> Void) {
        precondition(count >= 0 && count <= capacityBytes, "a range longer than the ring")
        let start = unsafe address(of: position).assumingMemoryBound(to: UInt8.self)
        let buffer = unsafe UnsafeMutableBufferPointer(start: start, count: count)
        var span = unsafe OutputSpan(buffer: buffer, initializedCount: 0)
        fill(&span)
        precondition(span.isFull, "a range that was not filled")
        _ = unsafe span.finalize(for: buffer)
    }

    /// Lets `body` read `count` bytes that begin at `position`.
    package func read<Result>(at position: UInt64, count: Int, _ body: (borrowing Span<UInt8>) -> Result) -> Result {
        precondition(count >= 0 && count <= capacityBytes, "a range longer than the ring")
        let start = unsafe address(of: position).assumingMemoryBound(to: UInt8.self)
        return unsafe body(Span<UInt8>(_unsafeStart: start, count: count))
    }

    /// Where the byte at `position` lies, for system calls; up to `capacityBytes` bytes follow it contiguously.
    @unsafe
    package func address(of position: UInt64) -> UnsafeMutableRawPointer {
        unsafe base + Int(position & UInt64(capacityBytes - 1))
    }
}
