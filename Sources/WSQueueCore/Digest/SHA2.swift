/// SHA-2 (FIPS 180-4): the digests that tokens are signed with. There is none in the toolchain.
package enum SHA2: Sendable, CaseIterable {
    case sha256, sha384, sha512

    /// What a digest is made from at a time, bytes.
    package var blockBytes: Int { self == .sha256 ? 64 : 128 }

    /// How long a digest is, bytes.
    package var digestBytes: Int {
        switch self {
        case .sha256: 32
        case .sha384: 48
        case .sha512: 64
        }
    }

    /// The digest of `message`.
    package func digest(_ message: Span<UInt8>) -> [UInt8] {
        switch self {
        case .sha256:
            var state = SHA2State<UInt32>(Self.initial256)
            state.finish(message)
            return state.bytes
        case .sha384:
            var state = SHA2State<UInt64>(Self.initial384)
            state.finish(message)
            return Array(state.bytes.prefix(digestBytes))
        case .sha512:
            var state = SHA2State<UInt64>(Self.initial512)
            state.finish(message)
            return state.bytes
        }
    }

    // Section 5.3: the fractions of the square roots of the first eight primes; for SHA-384 of the next eight.
    private static let initial256: InlineArray<8, UInt32> = [
        0x6A09_E667, 0xBB67_AE85, 0x3C6E_F372, 0xA54F_F53A, 0x510E_527F, 0x9B05_688C, 0x1F83_D9AB, 0x5BE0_CD19,
    ]
    private static let initial384: InlineArray<8, UInt64> = [
        0xCBBB_9D5D_C105_9ED8, 0x629A_292A_367C_D507, 0x9159_015A_3070_DD17, 0x152F_ECD8_F70E_5939,
        0x6733_2667_FFC0_0B31, 0x8EB4_4A87_6858_1511, 0xDB0C_2E0D_64F9_8FA7, 0x47B5_481D_BEFA_4FA4,
    ]
    private static let initial512: InlineArray<8, UInt64> = [
        0x6A09_E667_F3BC_C908, 0xBB67_AE85_84CA_A73B, 0x3C6E_F372_FE94_F82B, 0xA54F_F53A_5F1D_36F1,
        0x510E_527F_ADE6_82D1, 0x9B05_688C_2B3E_6C1F, 0x1F83_D9AB_FB41_BD6B, 0x5BE0_CD19_137E_2179,
    ]
}
