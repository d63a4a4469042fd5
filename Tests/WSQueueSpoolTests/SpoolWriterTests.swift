import Foundation
import Support
import Testing
import WSQueueSpool
import WSQueueSystem

struct SpoolWriterTests {
    @Test func `a published file is whole, under a visible name, and alone`() throws {
        try withTemporaryDirectory { path in
            let stem = try SpoolWriter(.openUnlisted(path)).write(Array("{}\n".utf8).span, suffix: .event)
            #expect(try names(in: path) == ["\(stem).json"])
            #expect(try String(contentsOfFile: "\(path)/\(stem).json", encoding: .utf8) == "{}\n")
        }
    }

    @Test(arguments: [0o644, 0o640, 0o666, 0o400] as [UInt32])
    func `the mode is what was asked for`(mode: UInt32) throws {
        try withTemporaryDirectory { path in
            let directory = try Directory.openUnlisted(path)
            let stem = try SpoolWriter(directory, mode: mode).write([0x7B].span, suffix: .event)
            #expect(try directory.status(of: stem.visible(.event)).mode == mode)
        }
    }

    @Test(arguments: Durability.allCases, [false, true])
    func `every level publishes, in a directory that can be listed and in one that cannot`(
        durability: Durability, isListed: Bool
    ) throws {
        try withTemporaryDirectory { path in
            let directory = try isListed ? Directory.open(path) : Directory.openUnlisted(path)
            let stem = try SpoolWriter(directory, durability: durability).write([0x7B].span, suffix: .batch)
            #expect(try names(in: path) == ["\(stem).jsonl"])
        }
    }

    @Test func `a file that nobody publishes leaves nothing behind`() throws {
        try withTemporaryDirectory { path in
            var file = try SpoolWriter(.openUnlisted(path)).begin(.batch)
            try file.append([1, 2, 3].span)
            #expect(try names(in: path).count == 1)
            _ = consume file
            #expect(try names(in: path) == [])
        }
    }

    @Test func `a name that is taken is never overwritten and another one is used`() throws {
        try withTemporaryDirectory { path in
            // A source that was set back gives names that exist: the first two hidden, the next two visible.
            let forecast = SpoolNameSource(random: 3)
            let future: Int64 = 8_000_000_000_000_000_000
            let process = WSQueueSystem.Process.identifier
            let taken = (0..<4).map { _ in forecast.next(unixNanoseconds: future, processIdentifier: process) }
            let source = SpoolNameSource(random: 3)
            _ = source.next(unixNanoseconds: future - 1, processIdentifier: process)
            for (index, stem) in taken.enumerated() {
                // The counter of `source` is one ahead.
                let text = stem.description.replacingOccurrences(of: "-\(index + 1)-0", with: "-\(index + 2)-0")
                let name = index < 2 ? ".\(text).json.tmp" : "\(text).json"
                try "old".write(toFile: "\(path)/\(name)", atomically: false, encoding: .utf8)
            }
            let stem = try SpoolWriter(.openUnlisted(path), names: source).write([0x7B].span, suffix: .event)
            #expect(stem.description.contains("-6-"))
            let visible = try names(in: path).filter { !$0.hasPrefix(".") }
            #expect(visible.count == 3)
            for name in visible where name != "\(stem).json" {
                #expect(try String(contentsOfFile: "\(path)/\(name)", encoding: .utf8) == "old")
            }
        }
    }

    @Test func `a batch comes after what its process published while it was written`() throws {
        try withTemporaryDirectory { path in
            let writer = try SpoolWriter(.openUnlisted(path))
            var batch = BatchFileWriter(writer)
            for _ in 0..<2 { try batch.append(ArraySlice(repeating: UInt8(ascii: "\n"), count: 200_000)) }
            #expect(try names(in: path).count == 1, "the hidden file is begun")
            let event = try writer.write([0x7B].span, suffix: .event)
            try batch.append(Array("{}\n".utf8)[...])
            let stem = try #require(try batch.publish())
            #expect(event.description < stem.description)
            #expect(try names(in: path).count == 2)
        }
    }

    @Test func `an empty batch makes no file`() throws {
        try withTemporaryDirectory { path in
            let batch = try BatchFileWriter(SpoolWriter(.openUnlisted(path)))
            #expect(try batch.publish() == nil)
            #expect(try names(in: path) == [])
        }
    }

    private func names(in path: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: path).sorted()
    }
}
