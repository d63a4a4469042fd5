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
}
