/// Writes frames as a WebSocket client does, right or deliberately wrong (RFC 6455, section 5.2).
public enum ClientFrames {
    /// The key that frames are masked with unless a test chooses one.
    public static let key: [UInt8] = [0x37, 0xFA, 0x21, 0x3D]

    /// A masked frame.
    ///
    /// - Parameters:
    ///   - opcode: 0 to 15.
    ///   - payload: Unmasked.
    ///   - isFinal: Whether FIN is set.
    ///   - key: Four bytes.
    public static func frame(
        _ opcode: UInt8, _ payload: [UInt8] = [], isFinal: Bool = true, key: [UInt8] = key
    ) -> [UInt8] {
        header(opcode | (isFinal ? 0x80 : 0), length: payload.count, key: key)
            + payload.enumerated().map { $1 ^ key[$0 & 3] }
    }

    /// A masked frame of text.
    public static func text(_ text: String, isFinal: Bool = true) -> [UInt8] {
        frame(1, Array(text.utf8), isFinal: isFinal)
    }

    /// A close frame.
    public static func close(_ code: Int, _ reason: [UInt8] = []) -> [UInt8] {
        frame(8, [UInt8(code >> 8 & 0xFF), UInt8(code & 0xFF)] + reason)
    }

    /// A header alone, whatever its first byte and its announced length.
    public static func header(_ first: UInt8, length: Int, key: [UInt8] = key) -> [UInt8] {
        let bytes: [UInt8] =
            switch length {
            case ...125: [0x80 | UInt8(length)]
            case ...0xFFFF: [0xFE, UInt8(length >> 8), UInt8(length & 0xFF)]
            default: [0xFF] + (0..<8).reversed().map { UInt8(truncatingIfNeeded: length >> ($0 * 8)) }
            }
        return [first] + bytes + key
    }
}

/// Small reproducible random numbers (SplitMix64): a failing seed fails again.
public struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    /// Makes a generator whose numbers depend on `seed` only.
    public init(seed: UInt64) {
        state = seed
    }

    /// The next number.
    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }
}
