extension [UInt8] {
    /// Makes an array of the bytes that lie in `range` of `bytes`.
    package init(_ bytes: Span<UInt8>, in range: Range<Int>) {
        self.init(capacity: range.count) { output in
            for index in range { output.append(bytes[index]) }
        }
    }

    /// Makes an array of all of `bytes`.
    package init(_ bytes: Span<UInt8>) { self.init(bytes, in: bytes.indices) }
}
