internal import WSQueueCore

/// Names of query items, and all that an application could read as one of them.
///
/// PHP leaves out leading blanks, reads ` `, `.` and a `[` that nothing closes as `_`, and makes a list of `name[…]`; others
/// read `[name]`, `name.part`, and any case. So what counts are letters and digits, of all of a name and of each part of it
/// that ends before a sign which is in no name. Where there are none, all of the name counts.
struct QueryNames {
    private let names: [[UInt8]]

    /// Makes a list of names; of one that has parts already, the first counts.
    init(_ names: [String]) {
        self.names = names.compactMap { Self.readings(of: $0).first }
    }

    /// Whether a name could be read as one of these.
    func contain(_ name: String) -> Bool { Self.readings(of: name).contains { names.contains($0) } }

    private static func readings(of name: String) -> [[UInt8]] {
        var (readings, letters) = ([[UInt8]](), [UInt8]())
        for byte in name.utf8 {
            if ASCII.isLetter(byte) || ASCII.isDigit(byte) || byte >= 0x80 {
                letters.append(ASCII.lowercased(byte))
            } else if byte != UInt8(ascii: "_"), byte != UInt8(ascii: "-"), !letters.isEmpty {
                readings.append(letters)
            }
        }
        return readings + [letters.isEmpty ? Array(name.utf8) : letters]
    }
}
