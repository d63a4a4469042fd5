internal import WSQueueCore
internal import WSQueueSystem

/// Numbers, texts and lists as the journal has them.
struct LittleEndianReader {
    private var position: Int
    private let end: Int

    init(position: Int, end: Int) {
        self.position = position
        self.end = end
    }

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

    /// The next list, which may say that there is none.
    mutating func list(in bytes: Span<UInt8>) -> [String]?? {
        guard let count = number(4, in: bytes) else { return nil }
        if count == UInt64(JournalRecord.noList) { return .some(nil) }
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

    mutating func append(list: [String]?) {
        append(number: list.map { UInt64($0.count) } ?? UInt64(JournalRecord.noList), bytes: 4)
        for text in list ?? [] { append(counted: text.utf8.span) }
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
