/// Checks a stream of bytes for well-formed UTF-8 as it arrives, in pieces of any length.
///
/// It refuses at the first byte after which no text can be well-formed any more (The Unicode Standard, table 3-7): that
/// is what RFC 6455, section 8.1, wants of a text message, inside unfinished frames too.
package struct UTF8Validator: Sendable {
    /// The continuation bytes that the last character still lacks, and what the next one may be.
    private var pending: UTF8Lead?
    private var isRefused = false

    /// Makes a validator that stands before the first byte.
    package init() {}

    /// Whether all bytes so far are well-formed and the last character is whole.
    package var isComplete: Bool { pending == nil && !isRefused }

    /// Takes the next bytes of the stream.
    ///
    /// - Parameter bytes: Any number of bytes; a character may be cut anywhere.
    /// - Returns: `false` as soon as a byte is impossible, and ever after.
    package mutating func consume(_ bytes: Span<UInt8>) -> Bool {
        guard !isRefused else { return false }
        var position = 0
        while let lead = pending, position < bytes.count {
            guard lead.allows(bytes[position]) else { return refuse() }
            pending = lead.next
            position += 1
        }
        while position < bytes.count {
            switch UTF8Lead.character(in: bytes, from: position) {
            case .ends(let end): position = UTF8Validator.endOfASCII(in: bytes, from: end)
            case .impossible: return refuse()
            case .cut(let lead):
                pending = lead
                return true
            }
        }
        return true
    }

    /// Answers whether `bytes` are well-formed UTF-8 from the first to the last.
    package static func isValid(_ bytes: Span<UInt8>) -> Bool {
        var validator = UTF8Validator()
        return validator.consume(bytes) && validator.isComplete
    }

    private mutating func refuse() -> Bool {
        isRefused = true
        return false
    }

    /// The offset of the first byte at or after `start` that may not be ASCII; blocks are passed whole.
    private static func endOfASCII(in bytes: Span<UInt8>, from start: Int) -> Int {
        var position = start
        // A fixed number of bytes, joined without a branch: the compiler makes vectors of this loop.
        while bytes.count - position >= 32 {
            var bits: UInt8 = 0
            for offset in position..<position + 32 { bits |= bytes[offset] }
            if bits >= 0x80 { break }
            position += 32
        }
        while position < bytes.count, bytes[position] < 0x80 { position += 1 }
        return position
    }
}

/// What has to follow the first byte of a character of several bytes (The Unicode Standard, table 3-7).
struct UTF8Lead: Equatable, Sendable {
    /// How many continuation bytes are still to come, at least 1.
    private let missing: UInt8
    /// What the next one may be. Only the second byte of a character has narrower bounds than `0x80...0xBF`: they keep
    /// out overlong forms, surrogates and what lies beyond U+10FFFF.
    private let lower: UInt8
    private let upper: UInt8

    private init(missing: UInt8, lower: UInt8 = 0x80, upper: UInt8 = 0xBF) {
        self.missing = missing
        self.lower = lower
        self.upper = upper
    }

    /// Reads a first byte; `nil` for one that cannot begin a character of several bytes.
    init?(_ byte: UInt8) {
        switch byte {
        case 0xC2...0xDF: self.init(missing: 1)
        case 0xE0: self.init(missing: 2, lower: 0xA0)
        case 0xED: self.init(missing: 2, upper: 0x9F)
        case 0xE1...0xEF: self.init(missing: 2)
        case 0xF0: self.init(missing: 3, lower: 0x90)
        case 0xF4: self.init(missing: 3, upper: 0x8F)
        case 0xF1...0xF3: self.init(missing: 3)
        default: return nil
        }
    }

    /// Whether `byte` may come next.
    func allows(_ byte: UInt8) -> Bool { byte >= lower && byte <= upper }

    /// What has to follow the next byte; `nil` when that byte ends the character.
    var next: UTF8Lead? { missing > 1 ? UTF8Lead(missing: missing - 1) : nil }

    /// Reads the character at `start`, which is inside `bytes`.
    static func character(in bytes: Span<UInt8>, from start: Int) -> UTF8Character {
        if bytes[start] < 0x80 { return .ends(start + 1) }
        guard var lead = UTF8Lead(bytes[start]) else { return .impossible(start) }
        var position = start + 1
        while position < bytes.count {
            guard lead.allows(bytes[position]) else { return .impossible(position) }
            position += 1
            guard let next = lead.next else { return .ends(position) }
            lead = next
        }
        return .cut(lead)
    }
}

/// What stands where a character of UTF-8 should.
enum UTF8Character {
    /// A character; the offset after it.
    case ends(Int)
    /// The beginning of one, up to the last byte; what has to follow.
    case cut(UTF8Lead)
    /// No character; the offset of the first byte that cannot be.
    case impossible(Int)
}
