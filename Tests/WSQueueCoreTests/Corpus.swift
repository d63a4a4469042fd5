import Foundation

/// Reads the third-party test data beside these tests.
enum Corpus {
    /// The bytes of the file at `path`, such as `sha-nist/SHA1Monte.rsp`.
    static func bytes(_ path: String) throws -> [UInt8] { try Array(Data(contentsOf: url(path))) }

    /// The lines of the text file at `path`.
    static func lines(_ path: String) throws -> [String] {
        String(decoding: try bytes(path), as: UTF8.self)
            .split(omittingEmptySubsequences: false) { $0.isNewline }.map(String.init)
    }

    /// The names of the files in the folder at `path`, sorted.
    static func names(in path: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: url(path).path).sorted()
    }

    private static func url(_ path: String) -> URL {
        Bundle.module.bundleURL.appendingPathComponent("Corpora").appendingPathComponent(path)
    }
}

/// A generator of numbers that are the same in every run (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
        return value ^ value >> 31
    }
}

/// The bytes that `text` spells in hexadecimal, with spaces anywhere.
func bytes(hex text: some StringProtocol) -> [UInt8] {
    let digits = text.compactMap(\.hexDigitValue)
    return stride(from: 0, to: digits.count - 1, by: 2).map { UInt8(digits[$0] * 16 + digits[$0 + 1]) }
}

/// `bytes` in hexadecimal.
func hex(_ bytes: [UInt8]) -> String { bytes.map { String(format: "%02x", $0) }.joined() }
