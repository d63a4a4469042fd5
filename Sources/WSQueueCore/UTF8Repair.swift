/// Makes text of bytes that need not be UTF-8.
package enum UTF8Repair {
    /// The bytes with U+FFFD in place of what is not UTF-8, one for each longest piece that begins a character and does not
    /// end it (The Unicode Standard, section 3.9).
    ///
    /// - Returns: How many were put in; `nil` where the bytes are UTF-8 as they are.
    package static func repair(_ bytes: Span<UInt8>) -> (text: [UInt8], replacements: Int)? {
        guard !UTF8Validator.isValid(bytes) else { return nil }
        var text: [UInt8] = []
        text.reserveCapacity(bytes.count + 8)
        var replacements = 0
        var position = 0
        while position < bytes.count {
            let end: Int
            switch UTF8Lead.character(in: bytes, from: position) {
            case .ends(let next):
                text.append(copying: bytes.extracting(position..<next))
                position = next
                continue
            case .cut: end = bytes.count
            case .impossible(let offset): end = max(offset, position + 1)
            }
            text.append(contentsOf: [0xEF, 0xBF, 0xBD])
            replacements += 1
            position = end
        }
        return (text, replacements)
    }

    /// How many bytes at the front continue a character that was cut off before them, where the rest may be one.
    package static func strayCount(_ bytes: Span<UInt8>) -> Int {
        var count = 0
        while count < min(3, bytes.count), bytes[count] & 0xC0 == 0x80 { count += 1 }
        return count
    }

    /// How many bytes at the end begin a character that more bytes may end.
    package static func openCount(_ bytes: Span<UInt8>) -> Int {
        for count in 1...3 where count <= bytes.count {
            let start = bytes.count - count
            guard bytes[start] & 0xC0 != 0x80 else { continue }
            if case .cut = UTF8Lead.character(in: bytes, from: start) { return count }
            return 0
        }
        return 0
    }
}
