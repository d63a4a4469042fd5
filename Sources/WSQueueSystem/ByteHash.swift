/// A hash of bytes that cannot be foreseen outside this process.
package enum ByteHash {
    /// 64 bits, other ones in each process (SipHash with the seed of the standard library).
    ///
    /// - Parameter stamp: Counts too.
    package static func seeded(_ bytes: Span<UInt8>, stamp: Int64) -> UInt64 {
        var hasher = Hasher()
        hasher.combine(stamp)
        // All at once: byte by byte, as an array is hashed, takes ten times as long.
        unsafe bytes.withUnsafeBytes { unsafe hasher.combine(bytes: $0) }
        return UInt64(bitPattern: Int64(hasher.finalize()))
    }
}
