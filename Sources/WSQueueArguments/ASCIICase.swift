/// Case of letters for names of options and programs, which are ASCII. The tables for all of Unicode would be a fortieth of the
/// publisher.
extension String {
    /// With capitals for a to z.
    var uppercasedASCII: String { mapped { (0x61...0x7A).contains($0) ? $0 & ~0x20 : $0 } }

    /// With small letters for A to Z.
    var lowercasedASCII: String { mapped { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 } }

    /// With another byte for each that is not a letter of ASCII.
    func replacingNonLetters(with other: Unicode.Scalar) -> String {
        mapped { (0x61...0x7A).contains($0 | 0x20) ? $0 : UInt8(ascii: other) }
    }

    private func mapped(_ body: (UInt8) -> UInt8) -> String { String(decoding: utf8.map(body), as: UTF8.self) }
}
