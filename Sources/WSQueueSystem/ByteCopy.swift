internal import Glibc

extension OutputSpan<UInt8> {
    /// Appends all of `bytes` (memcpy(3)): a loop over the spans copies what is left after the last 32 bytes one by one.
    @inline(__always)
    package mutating func append(memory bytes: Span<UInt8>) {
        guard !bytes.isEmpty else { return }
        precondition(freeCapacity >= bytes.count, "no room for what is copied")
        unsafe withUnsafeMutableBufferPointer { buffer, count in
            unsafe bytes.withUnsafeBytes { source in
                guard let target = buffer.baseAddress, let start = source.baseAddress else { return }
                unsafe memcpy(target + count, start, source.count)
                count += source.count
            }
        }
    }
}
