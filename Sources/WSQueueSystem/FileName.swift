/// One name in a directory: any bytes but NUL and `/`, which need not be UTF-8.
package struct FileName: Hashable, Sendable, CustomStringConvertible {
    /// The bytes, with the NUL after them that system calls want.
    package let terminated: [UInt8]

    /// Makes a name from bytes without NUL and `/`.
    package init(_ bytes: Span<UInt8>) {
        terminated = unsafe [UInt8](unsafeUninitializedCapacity: bytes.count + 1) { buffer, count in
            for index in bytes.indices { unsafe buffer[index] = bytes[index] }
            unsafe buffer[bytes.count] = 0
            count = bytes.count + 1
        }
    }

    /// Makes a name from text without NUL and `/`.
    package init(_ text: String) { self.init(Array(text.utf8).span) }

    /// The name with more text after it.
    package func appending(_ suffix: String) -> FileName {
        let bytes = Array(self.bytes) + Array(suffix.utf8)
        return FileName(bytes.span)
    }

    /// All at once: byte by byte, as an array is hashed, takes ten times as long.
    package func hash(into hasher: inout Hasher) {
        unsafe terminated.withUnsafeBytes { unsafe hasher.combine(bytes: $0) }
    }

    /// How many bytes the name has.
    package var count: Int { terminated.count - 1 }

    /// The name's bytes.
    package var bytes: ArraySlice<UInt8> { terminated.dropLast() }

    /// The name as text; bytes that are no UTF-8 are shown as U+FFFD.
    package var description: String { String(decoding: bytes, as: UTF8.self) }

    /// Calls `body` with the name as system calls take it.
    func withCString<Result>(_ body: (UnsafePointer<CChar>) -> Result) -> Result {
        unsafe terminated.withUnsafeBytes { unsafe body($0.baseAddress!.assumingMemoryBound(to: CChar.self)) }
    }
}
