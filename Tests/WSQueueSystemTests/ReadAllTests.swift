import Foundation
import Support
import Testing
import WSQueueSystem

/// Whole files are read, small and large, with the size that was expected or another one.
struct ReadAllTests {
    private static let large = 5 * 1_048_576 + 17
    /// No two blocks of a page are the same. Compared as `Data`, which is fast in a build for tests, too.
    private static let pattern: Data = {
        var all = Data()
        var block = Data((0..<4_096).map { UInt8(truncatingIfNeeded: $0 &* 31) })
        while all.count < large {
            block[0] = UInt8(all.count >> 12 & 255)
            block[1] = UInt8(all.count >> 20)
            all += block
        }
        return all
    }()

    /// Reads a file of so many bytes.
    private func read(_ count: Int, before: [UInt8] = [], expected: Int, limit: Int) throws -> [UInt8] {
        try withTemporaryDirectory(isInMemory: true) { path in
            try Self.pattern.prefix(count).write(to: URL(fileURLWithPath: "\(path)/file"))
            let file = try Directory.open(path).openForReading(FileName("file"))
            var bytes = before
            try file.readAll(into: &bytes, sizeBytes: expected, limitBytes: limit, object: "file")
            #expect(Data(bytes) == Data(before) + Self.pattern.prefix(bytes.count - before.count))
            return bytes
        }
    }

    @Test(arguments: [0, 1, 70_000, large])
    func `a file of the size that was expected is read whole`(count: Int) throws {
        #expect(try read(count, expected: count, limit: 64 * 1_048_576).count == count)
        #expect(try read(count, before: [1, 2], expected: count, limit: 64 * 1_048_576).count == count + 2)
    }

    @Test(arguments: [0, 70_000, large])
    func `a file that has grown or shrunk is read whole`(count: Int) throws {
        for expected in [0, 60_000, Self.large - 5, Self.large + 100_000] {
            #expect(try read(count, expected: expected, limit: 64 * 1_048_576).count == count)
        }
    }

    @Test(arguments: [1, 69_999, 4 * 1_048_576, large - 1])
    func `no more is read than the limit`(limit: Int) throws {
        #expect(try read(Self.large, expected: Self.large, limit: limit).count == limit)
    }

    /// A signal, or a file system of another kind, ends a call before all is given that is there.
    @Test(arguments: [nil, 0, 4_050, 5_000, 6_000] as [Int?])
    func `what comes in pieces is read to its end`(size: Int?) throws {
        var ends: [Int32] = [0, 0]
        try #require(socketpair(AF_UNIX, Int32(SOCK_SEQPACKET.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends) == 0)
        let file = FileDescriptor(owning: ends[0])
        let pieces = [1, 4_000, 99, 700, 200]
        for (number, count) in pieces.enumerated() {
            let piece = [UInt8](repeating: UInt8(number), count: count)
            try #require(write(ends[1], piece, count) == count)
        }
        close(ends[1])
        var bytes: [UInt8] = []
        try file.readAll(into: &bytes, sizeBytes: size, limitBytes: 65_536, object: "pieces")
        #expect(bytes == pieces.enumerated().flatMap { [UInt8](repeating: UInt8($0), count: $1) })
    }

    @Test func `a directory is read with an error, however large it is thought to be`() throws {
        try withTemporaryDirectory(isInMemory: true) { path in
            let number = open(path, O_RDONLY | O_CLOEXEC)
            let file = FileDescriptor(owning: number)
            for expected in [10, Self.large] {
                #expect(throws: SystemCallError.self) {
                    var bytes: [UInt8] = []
                    try file.readAll(
                        into: &bytes, sizeBytes: expected, limitBytes: 64 * 1_048_576, object: "directory")
                }
            }
        }
    }
}
