internal import WSQueueArguments
internal import WSQueueCore

/// The browser client as a package that npm installs from this server's address, without a registry: a tar archive of the
/// files in the binary, in a gzip file whose blocks are not packed (RFC 1951, section 3.2.4; RFC 1952).
enum ScriptPackage {
    /// The archive.
    static var archive: [UInt8] { gzip(tar(files)) }

    private static var files: [(name: String, body: [UInt8])] {
        [
            ("package.json", description), ("wsqueue.js", PackageResources.wsqueue_js),
            ("wsqueue.min.js", PackageResources.wsqueue_min_js), ("wsqueue.mjs", PackageResources.wsqueue_mjs),
            ("wsqueue.d.ts", PackageResources.wsqueue_d_ts), ("wsqueue.d.mts", PackageResources.wsqueue_d_ts),
            ("wsqueue-react.mjs", PackageResources.wsqueue_react_mjs),
            ("wsqueue-react.d.mts", PackageResources.wsqueue_react_d_mts),
        ]
    }

    /// The package's description with this program's version.
    private static var description: [UInt8] {
        let mark = Array("\"0.0.0\"".utf8)
        let text = PackageResources.package_json
        guard let place = text.indices.first(where: { text[$0...].starts(with: mark) }) else { return text }
        return text[..<place] + Array("\"\(Version.text)\"".utf8) + text[(place + mark.count)...]
    }

    /// A header and whole blocks for each file, and two empty blocks (POSIX.1-1988, ustar).
    static func tar(_ files: [(name: String, body: [UInt8])]) -> [UInt8] {
        var output: [UInt8] = []
        for file in files {
            output += header("package/\(file.name)", count: file.body.count)
            output += file.body
            output += Array(repeating: 0, count: (blockSize - file.body.count % blockSize) % blockSize)
        }
        return output + Array(repeating: 0, count: 2 * blockSize)
    }

    private static let blockSize = 512
    /// That of all files of npm's own packages, since it may not be nothing: 26 October 1985.
    private static let time = 499_162_500

    private static func header(_ name: String, count: Int) -> [UInt8] {
        var block: [UInt8] = []
        /// Writes a field, filled up with NUL.
        func write(_ text: String, _ width: Int) {
            block += text.utf8.prefix(width)
            block += Array(repeating: 0, count: max(0, width - text.utf8.count))
        }
        write(name, 100)
        for number in [0o644, 0, 0] { write(octal(number, 7), 8) }
        for number in [count, time] { write(octal(number, 11), 12) }
        // The sum is that of a header in which it is spaces.
        write("        ", 8)
        write("0", 1)
        write("", 100)
        write("ustar", 6)
        write("00", 2)
        write("", blockSize - block.count)
        let sum = block.reduce(0) { $0 + Int($1) }
        block.replaceSubrange(148..<156, with: Array("\(octal(sum, 6))\0 ".utf8))
        return block
    }

    private static func octal(_ number: Int, _ width: Int) -> String {
        let digits = String(number, radix: 8)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }

    /// A file of one member without name and time, so that the same files give the same bytes.
    static func gzip(_ bytes: [UInt8]) -> [UInt8] {
        var output: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0xFF]
        var start = 0
        repeat {
            let end = min(start + 0xFFFF, bytes.count)
            let length = UInt16(end - start)
            output.append(end == bytes.count ? 1 : 0)
            output += littleEndian(length) + littleEndian(~length) + bytes[start..<end]
            start = end
        } while start < bytes.count
        return output + littleEndian(checksum(bytes)) + littleEndian(UInt32(truncatingIfNeeded: bytes.count))
    }

    private static func littleEndian(_ number: some FixedWidthInteger) -> [UInt8] {
        (0..<(number.bitWidth / 8)).map { UInt8(truncatingIfNeeded: number >> ($0 * 8)) }
    }

    /// CRC-32 as gzip has it (RFC 1952, section 8), bit by bit: it is wanted once.
    private static func checksum(_ bytes: [UInt8]) -> UInt32 {
        var crc = UInt32.max
        for byte in bytes {
            crc ^= UInt32(byte)
            for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0xEDB8_8320 : crc >> 1 }
        }
        return ~crc
    }
}
