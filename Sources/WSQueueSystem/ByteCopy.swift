internal import WSQueueLibc

extension OutputSpan<UInt8> {
    /// Appends the eight bytes of a number, the lowest first.
    @inline(__always)
    package mutating func append(littleEndian number: UInt64) {
        precondition(freeCapacity >= 8, "no room for a number")
        unsafe withUnsafeMutableBufferPointer { buffer, count in
            let target = UnsafeMutableRawBufferPointer(buffer)
            unsafe target.storeBytes(of: number.littleEndian, toByteOffset: count, as: UInt64.self)
            count += 8
        }
    }

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
