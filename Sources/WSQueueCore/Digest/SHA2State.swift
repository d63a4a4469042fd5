/// The eight words that SHA-2 carries from block to block, of 32 bits or 64 (FIPS 180-4, sections 6.2 and 6.4).
struct SHA2State<Word: SHA2Word> {
    private var words: InlineArray<8, Word>

    init(_ initial: InlineArray<8, Word>) { words = initial }

    /// The words in big-endian order.
    var bytes: [UInt8] {
        var bytes: [UInt8] = []
        for index in words.indices {
            for shift in stride(from: Word.bitWidth - 8, through: 0, by: -8) {
                bytes.append(UInt8(truncatingIfNeeded: words[index] >> Word(shift)))
            }
        }
        return bytes
    }

    /// Takes the whole of a message, and the padding that ends it (section 5.1).
    mutating func finish(_ message: Span<UInt8>) {
        let blockBytes = 2 * Word.bitWidth
        let wholeBlocks = message.count / blockBytes * blockBytes
        for start in stride(from: 0, to: wholeBlocks, by: blockBytes) { process(message, from: start) }
        // The rest, a 1 bit, zeros, and the length in bits, which is two words long, fill one block or two.
        var tail: [UInt8] = []
        for index in wholeBlocks..<message.count { tail.append(message[index]) }
        tail.append(0x80)
        // No message in memory is so long that the upper of the two words were not zero.
        let lengthBytes = Word.bitWidth / 4
        while tail.count % blockBytes != blockBytes - lengthBytes { tail.append(0) }
        for _ in 8..<lengthBytes { tail.append(0) }
        let bits = UInt64(message.count) << 3
        for shift in stride(from: 56, through: 0, by: -8) { tail.append(UInt8(truncatingIfNeeded: bits >> shift)) }
        for start in stride(from: 0, to: tail.count, by: blockBytes) { process(tail.span, from: start) }
    }

    /// Takes the block at `start` (sections 6.2.2 and 6.4.2).
    private mutating func process(_ bytes: Span<UInt8>, from start: Int) {
        let schedule = Self.schedule(bytes, from: start)
        var (a, b, c, d) = (words[0], words[1], words[2], words[3])
        var (e, f, g, h) = (words[4], words[5], words[6], words[7])
        for round in 0..<Word.roundCount {
            let choice = e & f ^ ~e & g
            let majority = a & b ^ a & c ^ b & c
            let first = h &+ Word.upperSigma1(e) &+ choice &+ Word.constant(round) &+ schedule[round]
            let second = Word.upperSigma0(a) &+ majority
            (h, g, f, e, d, c, b, a) = (g, f, e, d &+ first, c, b, a, first &+ second)
        }
        let added = [a, b, c, d, e, f, g, h]
        for index in words.indices { words[index] = words[index] &+ added[index] }
    }

    private static func schedule(_ bytes: Span<UInt8>, from start: Int) -> InlineArray<80, Word> {
        var schedule = InlineArray<80, Word>(repeating: 0)
        let wordBytes = Word.bitWidth / 8
        for index in 0..<16 {
            var word: Word = 0
            for offset in 0..<wordBytes { word = word << 8 | Word(bytes[start + wordBytes * index + offset]) }
            schedule[index] = word
        }
        for index in 16..<Word.roundCount {
            schedule[index] =
                Word.lowerSigma1(schedule[index - 2]) &+ schedule[index - 7]
                &+ Word.lowerSigma0(schedule[index - 15]) &+ schedule[index - 16]
        }
        return schedule
    }
}

/// What differs between SHA-256 and SHA-512 (FIPS 180-4, sections 4.1.2 and 4.1.3).
protocol SHA2Word: FixedWidthInteger & UnsignedInteger & BitwiseCopyable {
    static var roundCount: Int { get }
    static func upperSigma0(_ word: Self) -> Self
    static func upperSigma1(_ word: Self) -> Self
    static func lowerSigma0(_ word: Self) -> Self
    static func lowerSigma1(_ word: Self) -> Self
    static func constant(_ round: Int) -> Self
}

extension SHA2Word {
    /// The word turned to the right.
    fileprivate func turned(_ bits: Self) -> Self { self >> bits | self << (Self(Self.bitWidth) - bits) }
}

extension UInt32: SHA2Word {
    static var roundCount: Int { 64 }
    static func upperSigma0(_ word: UInt32) -> UInt32 { word.turned(2) ^ word.turned(13) ^ word.turned(22) }
    static func upperSigma1(_ word: UInt32) -> UInt32 { word.turned(6) ^ word.turned(11) ^ word.turned(25) }
    static func lowerSigma0(_ word: UInt32) -> UInt32 { word.turned(7) ^ word.turned(18) ^ word >> 3 }
    static func lowerSigma1(_ word: UInt32) -> UInt32 { word.turned(17) ^ word.turned(19) ^ word >> 10 }
    /// Both sizes take the fraction of the same roots, one 32 bits of it and one 64 (sections 4.2.2 and 4.2.3).
    static func constant(_ round: Int) -> UInt32 { UInt32(truncatingIfNeeded: SHA2Constants.words[round] >> 32) }
}

extension UInt64: SHA2Word {
    static var roundCount: Int { 80 }
    static func upperSigma0(_ word: UInt64) -> UInt64 { word.turned(28) ^ word.turned(34) ^ word.turned(39) }
    static func upperSigma1(_ word: UInt64) -> UInt64 { word.turned(14) ^ word.turned(18) ^ word.turned(41) }
    static func lowerSigma0(_ word: UInt64) -> UInt64 { word.turned(1) ^ word.turned(8) ^ word >> 7 }
    static func lowerSigma1(_ word: UInt64) -> UInt64 { word.turned(19) ^ word.turned(61) ^ word >> 6 }
    static func constant(_ round: Int) -> UInt64 { SHA2Constants.words[round] }
}

/// The fractions of the cube roots of the first eighty primes.
private enum SHA2Constants {
    static let words: [UInt64] = [
        0x428A_2F98_D728_AE22, 0x7137_4491_23EF_65CD, 0xB5C0_FBCF_EC4D_3B2F, 0xE9B5_DBA5_8189_DBBC,
        0x3956_C25B_F348_B538, 0x59F1_11F1_B605_D019, 0x923F_82A4_AF19_4F9B, 0xAB1C_5ED5_DA6D_8118,
        0xD807_AA98_A303_0242, 0x1283_5B01_4570_6FBE, 0x2431_85BE_4EE4_B28C, 0x550C_7DC3_D5FF_B4E2,
        0x72BE_5D74_F27B_896F, 0x80DE_B1FE_3B16_96B1, 0x9BDC_06A7_25C7_1235, 0xC19B_F174_CF69_2694,
        0xE49B_69C1_9EF1_4AD2, 0xEFBE_4786_384F_25E3, 0x0FC1_9DC6_8B8C_D5B5, 0x240C_A1CC_77AC_9C65,
        0x2DE9_2C6F_592B_0275, 0x4A74_84AA_6EA6_E483, 0x5CB0_A9DC_BD41_FBD4, 0x76F9_88DA_8311_53B5,
        0x983E_5152_EE66_DFAB, 0xA831_C66D_2DB4_3210, 0xB003_27C8_98FB_213F, 0xBF59_7FC7_BEEF_0EE4,
        0xC6E0_0BF3_3DA8_8FC2, 0xD5A7_9147_930A_A725, 0x06CA_6351_E003_826F, 0x1429_2967_0A0E_6E70,
        0x27B7_0A85_46D2_2FFC, 0x2E1B_2138_5C26_C926, 0x4D2C_6DFC_5AC4_2AED, 0x5338_0D13_9D95_B3DF,
        0x650A_7354_8BAF_63DE, 0x766A_0ABB_3C77_B2A8, 0x81C2_C92E_47ED_AEE6, 0x9272_2C85_1482_353B,
        0xA2BF_E8A1_4CF1_0364, 0xA81A_664B_BC42_3001, 0xC24B_8B70_D0F8_9791, 0xC76C_51A3_0654_BE30,
        0xD192_E819_D6EF_5218, 0xD699_0624_5565_A910, 0xF40E_3585_5771_202A, 0x106A_A070_32BB_D1B8,
        0x19A4_C116_B8D2_D0C8, 0x1E37_6C08_5141_AB53, 0x2748_774C_DF8E_EB99, 0x34B0_BCB5_E19B_48A8,
        0x391C_0CB3_C5C9_5A63, 0x4ED8_AA4A_E341_8ACB, 0x5B9C_CA4F_7763_E373, 0x682E_6FF3_D6B2_B8A3,
        0x748F_82EE_5DEF_B2FC, 0x78A5_636F_4317_2F60, 0x84C8_7814_A1F0_AB72, 0x8CC7_0208_1A64_39EC,
        0x90BE_FFFA_2363_1E28, 0xA450_6CEB_DE82_BDE9, 0xBEF9_A3F7_B2C6_7915, 0xC671_78F2_E372_532B,
        0xCA27_3ECE_EA26_619C, 0xD186_B8C7_21C0_C207, 0xEADA_7DD6_CDE0_EB1E, 0xF57D_4F7F_EE6E_D178,
        0x06F0_67AA_7217_6FBA, 0x0A63_7DC5_A2C8_98A6, 0x113F_9804_BEF9_0DAE, 0x1B71_0B35_131C_471B,
        0x28DB_77F5_2304_7D84, 0x32CA_AB7B_40C7_2493, 0x3C9E_BE0A_15C9_BEBC, 0x431D_67C4_9C10_0D4C,
        0x4CC5_D4BE_CB3E_42B6, 0x597F_299C_FC65_7E2A, 0x5FCB_6FAB_3AD6_FAEC, 0x6C44_198C_4A47_5817,
    ]
}
