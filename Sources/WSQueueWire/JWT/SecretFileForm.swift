/// What an editor may have put into a file of secrets that no one sees there.
package enum SecretFileForm {
    /// Why a file cannot hold what was meant, whatever its lines are; `nil` where it can.
    package static func fault(_ bytes: [UInt8]) -> String? {
        let remedy = "save it as UTF-8 without one"
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { return "it begins with a byte order mark (EF BB BF); \(remedy)" }
        if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) {
            return "it is UTF-16, with a byte order mark; \(remedy)"
        }
        return bytes.contains(0) ? "there is a zero byte in it; save it as UTF-8" : nil
    }

    /// The lines, without their ends.
    package static func lines(_ bytes: [UInt8]) -> [ArraySlice<UInt8>] {
        bytes.split(separator: ASCII.lineFeed, omittingEmptySubsequences: false).map { line in
            line.last == ASCII.carriageReturn ? line.dropLast() : line
        }
    }

    /// The first line, counted from 1, with a space or tab at its beginning or end, which no one sees.
    package static func blankEdged(_ lines: [ArraySlice<UInt8>]) -> Int? {
        lines.firstIndex { line in
            line.first.map(ASCII.isBlank) ?? false || line.last.map(ASCII.isBlank) ?? false
        }.map { $0 + 1 }
    }

    /// The first line with something in it that no one sees, counted from 1, and what that is; it may be meant, but hardly
    /// ever is.
    package static func unseen(_ lines: [ArraySlice<UInt8>]) -> (line: Int, what: String)? {
        for (index, line) in lines.enumerated() {
            if blankEdged([line]) != nil { return (index + 1, "a space or tab at its edge") }
            if let what = unseen(in: line) { return (index + 1, what) }
        }
        return nil
    }

    private static func unseen(in line: ArraySlice<UInt8>) -> String? {
        if line.contains(ASCII.carriageReturn) { return "a carriage return in it" }
        if line.contains(where: { $0 < 0x20 && $0 != 0x09 || $0 == 0x7F }) { return "a control character in it" }
        // Other bytes are no text, and meant so.
        guard let text = String(validating: line, as: UTF8.self) else { return nil }
        let found = text.unicodeScalars.first { scalar in
            scalar.value >= 0x80
                && (scalar.properties.isWhitespace || scalar.properties.isDefaultIgnorableCodePoint
                    || scalar.properties.generalCategory == .control || scalar.properties.generalCategory == .format)
        }
        return found.map { scalar in
            let digits = String(scalar.value, radix: 16, uppercase: true)
            let name = scalar.properties.name.map { " (\($0.lowercased()))" } ?? ""
            return "U+" + String(repeating: "0", count: max(0, 4 - digits.utf8.count)) + digits + name + " in it"
        }
    }
}
