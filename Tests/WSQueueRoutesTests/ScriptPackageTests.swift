import Testing

@testable import WSQueueRoutes

/// The package for npm: what other programs make of it is tested end to end.
struct ScriptPackageTests {
    @Test func `a header has name, size, time and sum where ustar has them`() {
        let archive = ScriptPackage.tar([("a.js", Array("hello".utf8))])
        #expect(archive.count == 512 + 512 + 1024)
        #expect(archive.starts(with: Array("package/a.js\0".utf8)))
        #expect(archive[124..<136].elementsEqual("00000000005\0".utf8))
        #expect(archive[257..<265].elementsEqual("ustar\u{0}00".utf8))
        var header = Array(archive[..<512])
        let sum = String(decoding: header[148..<154], as: UTF8.self)
        header.replaceSubrange(148..<156, with: Array("        ".utf8))
        #expect(Int(sum, radix: 8) == header.reduce(0) { $0 + Int($1) })
        #expect(archive[512..<517].elementsEqual("hello".utf8))
    }

    @Test(arguments: [0, 1, 512]) func `a file fills whole blocks`(count: Int) {
        let body = [UInt8](repeating: 1, count: count)
        #expect(ScriptPackage.tar([("a", body)]).count == 512 + (count + 511) / 512 * 512 + 1024)
    }

    @Test func `gzip's checksum is that of its specification's examples`() {
        let file = ScriptPackage.gzip(Array("123456789".utf8))
        // The check value of CRC-32/ISO-HDLC.
        #expect(file.suffix(8) == [0x26, 0x39, 0xF4, 0xCB, 9, 0, 0, 0])
        #expect(file[10..<15] == [1, 9, 0, 0xF6, 0xFF])
    }

    @Test(arguments: [(0, 1), (65_535, 1), (65_536, 2), (200_000, 4)])
    func `what is longer than a block is several`(count: Int, blocks: Int) {
        #expect(ScriptPackage.gzip(Array(repeating: 0, count: count)).count == 10 + blocks * 5 + count + 8)
    }
}
