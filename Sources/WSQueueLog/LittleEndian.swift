internal import WSQueueCore
internal import WSQueueSystem

/// Numbers, texts and lists as the journal has them.
struct LittleEndianReader {
    var position: Int
    let end: Int

    /// The next `count` bytes as a number; `nil` past the end.
    mutating func number(_ count: Int, in bytes: Span<UInt8>) -> UInt64? {
        guard end - position >= count else { return nil }
        defer { position += count }
        return bytes.littleEndian(count, at: position)
    }

    /// Where the next text lies, its length before it.
    mutating func range(in bytes: Span<UInt8>) -> Range<Int>? {
        guard let count = number(4, in: bytes), count <= UInt64(end - position) else { return nil }
        defer { position += Int(count) }
        return position..<(position + Int(count))
    }

    /// The bytes of the next text.
    mutating func text(in bytes: Span<UInt8>) -> [UInt8]? {
        guard let range = range(in: bytes) else { return nil }
        var text: [UInt8] = []
        text.reserveCapacity(range.count)
        for index in range { text.append(bytes[index]) }
        return text
    }

    /// The next list of texts.
    mutating func list(in bytes: Span<UInt8>) -> [String]? {
        guard let count = number(4, in: bytes) else { return nil }
        return list(count, in: bytes)
    }

    /// The next list of texts, which may say that there is none.
    mutating func optionalList(in bytes: Span<UInt8>) -> [String]?? {
        guard let count = number(4, in: bytes) else { return nil }
        if count == UInt64(UInt32.max) { return .some(nil) }
        return list(count, in: bytes).map { .some($0) }
    }

    /// The next list of 64-bit numbers.
    mutating func numbers(in bytes: Span<UInt8>) -> [Int64]? {
        guard let count = number(4, in: bytes), count <= UInt64((end - position) / 8) else { return nil }
        var list: [Int64] = []
        for _ in 0..<count {
            guard let number = number(8, in: bytes) else { return nil }
            list.append(Int64(bitPattern: number))
        }
        return list
    }

    private mutating func list(_ count: UInt64, in bytes: Span<UInt8>) -> [String]? {
        var list: [String] = []
        for _ in 0..<count {
            guard let text = text(in: bytes) else { return nil }
            list.append(String(decoding: text, as: UTF8.self))
        }
        return list
    }
}

extension Span<UInt8> {
    /// The number in `count` bytes from `start` on.
    func littleEndian(_ count: Int, at start: Int) -> UInt64 {
        if count == 8 { return word(at: start) }
        var number: UInt64 = 0
        for index in (0..<count).reversed() { number = number << 8 | UInt64(self[start + index]) }
        return number
    }
}

extension OutputSpan<UInt8> {
    @inline(__always)
    mutating func append(number: UInt64, bytes: Int) {
        for index in 0..<bytes { append(UInt8(truncatingIfNeeded: number >> (8 * index))) }
    }

    mutating func append(counted text: Span<UInt8>) {
        append(number: UInt64(text.count), bytes: 4)
        append(memory: text)
    }

    mutating func append(list: [String]) {
        append(number: UInt64(list.count), bytes: 4)
        for text in list { append(counted: text.utf8.span) }
    }
}

extension [UInt8] {
    mutating func append(number: UInt64, bytes: Int) {
        append(addingCapacity: bytes) { $0.append(number: number, bytes: bytes) }
    }

    /// Writes 32 bits over what stands at `start`.
    mutating func set(number: UInt64, at start: Int) {
        for index in 0..<4 { self[start + index] = UInt8(truncatingIfNeeded: number >> (8 * index)) }
    }
}
