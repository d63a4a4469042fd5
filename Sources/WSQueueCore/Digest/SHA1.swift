/// SHA-1 (FIPS 180-4, section 6.1), for the handshake of RFC 6455 only: it keeps no secret any more.
package enum SHA1 {
    /// The 20 bytes of the digest of `message`.
    package static func digest(_ message: Span<UInt8>) -> [UInt8] {
        var state = SHA1State()
        let wholeBlocks = message.count / 64 * 64
        for start in stride(from: 0, to: wholeBlocks, by: 64) { state.process(message, from: start) }

        // The rest, a 1 bit, zeros, and the length in bits fill one block or two (section 5.1.1).
        var tail: [UInt8] = []
        for index in wholeBlocks..<message.count { tail.append(message[index]) }
        tail.append(0x80)
        while tail.count % 64 != 56 { tail.append(0) }
        let bits = UInt64(message.count) << 3
        for shift in stride(from: 56, through: 0, by: -8) { tail.append(UInt8(truncatingIfNeeded: bits >> shift)) }
        for start in stride(from: 0, to: tail.count, by: 64) { state.process(tail.span, from: start) }
        return state.bytes
    }
}

/// The five words that SHA-1 carries from block to block.
private struct SHA1State {
    private var words: (UInt32, UInt32, UInt32, UInt32, UInt32) = (
        0x6745_2301, 0xEFCD_AB89, 0x98BA_DCFE, 0x1032_5476, 0xC3D2_E1F0
    )

    /// The words in big-endian order.
    var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(20)
        for word in [words.0, words.1, words.2, words.3, words.4] {
            for shift in stride(from: 24, through: 0, by: -8) { bytes.append(UInt8(truncatingIfNeeded: word >> shift)) }
        }
        return bytes
    }

    /// Takes the 64 bytes at `start` (section 6.1.2).
    mutating func process(_ bytes: Span<UInt8>, from start: Int) {
        let schedule = SHA1State.schedule(bytes, from: start)
        var (a, b, c, d, e) = words
        for round in 0..<80 {
            let (mixed, constant) = SHA1State.mix(b, c, d, round: round)
            let next = SHA1State.rotate(a, by: 5) &+ mixed &+ e &+ constant &+ schedule[round]
            (a, b, c, d, e) = (next, a, SHA1State.rotate(b, by: 30), c, d)
        }
        words = (words.0 &+ a, words.1 &+ b, words.2 &+ c, words.3 &+ d, words.4 &+ e)
    }

    private static func schedule(_ bytes: Span<UInt8>, from start: Int) -> InlineArray<80, UInt32> {
        var schedule = InlineArray<80, UInt32>(repeating: 0)
        for index in 0..<16 {
            var word: UInt32 = 0
            for offset in 0..<4 { word = word << 8 | UInt32(bytes[start + 4 * index + offset]) }
            schedule[index] = word
        }
        for index in 16..<80 {
            let word = schedule[index - 3] ^ schedule[index - 8] ^ schedule[index - 14] ^ schedule[index - 16]
            schedule[index] = rotate(word, by: 1)
        }
        return schedule
    }

    /// The function and the constant of a round (sections 4.1.1 and 4.2.1).
    private static func mix(_ b: UInt32, _ c: UInt32, _ d: UInt32, round: Int) -> (UInt32, UInt32) {
        switch round {
        case ..<20: (b & c ^ ~b & d, 0x5A82_7999)
        case ..<40: (b ^ c ^ d, 0x6ED9_EBA1)
        case ..<60: (b & c ^ b & d ^ c & d, 0x8F1B_BCDC)
        default: (b ^ c ^ d, 0xCA62_C1D6)
        }
    }

    private static func rotate(_ word: UInt32, by bits: UInt32) -> UInt32 { word << bits | word >> (32 - bits) }
}
