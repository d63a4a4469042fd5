import Foundation
import Support
import Testing
import WSQueuePublishTool
import WSQueueSystem

/// What is done at the end of a file that is followed, by what the file and the one of its name are then.
struct FollowedNameTests {
    private let nothing: (Int, Int) -> [UInt8] = { _, _ in [] }

    @Test func `a file that was renamed is read once more after its successor has begun`() throws {
        try withTemporaryDirectory { path in
            let (old, new) = ("\(path)/log.1", "\(path)/log")
            try "old\n".write(toFile: old, atomically: false, encoding: .utf8)
            var name = FollowedName(new, position: 0, before: nothing)
            name.advance(Array("old\n".utf8)[...])
            let open = try Directory.status(at: old)
            #expect(name.step(open, nil) == .wait)
            #expect(name.step(open, open) == .wait)
            try "".write(toFile: new, atomically: false, encoding: .utf8)
            #expect(name.step(open, try Directory.status(at: new)) == .wait)
            try "new\n".write(toFile: new, atomically: false, encoding: .utf8)
            // Between the last read of the old one and this look its writer may have written there.
            #expect(name.step(open, try Directory.status(at: new)) == .read)
            #expect(name.step(open, try Directory.status(at: new)) == .open)
            name.begin()
            #expect(name.step(try Directory.status(at: new), try Directory.status(at: new)) == .wait)
        }
    }

    @Test(arguments: [
        ("", true), ("old", true), ("old\n", false), ("new\n", true), ("old\nand more", false), ("new\nand more", true),
        ("\0\0\0\0", false), ("\0\0\0\0and more", false),
    ])
    func `a file is cut where it has something else before the place of reading`(text: String, isCut: Bool) throws {
        try withTemporaryDirectory { path in
            let bytes = Array(text.utf8)
            var name = FollowedName("\(path)/log", position: 0, before: nothing)
            name.advance(Array("old\n".utf8)[...])
            try text.write(toFile: "\(path)/log", atomically: false, encoding: .utf8)
            let status = try Directory.status(at: "\(path)/log")
            let found = name.isCut(status) { offset, count in Array(bytes[offset..<(offset + count)]) }
            #expect(found == isCut)
            // It is read from the beginning then, and is not cut any more.
            let again = name.isCut(status) { offset, count in Array(bytes[offset..<(offset + count)]) }
            #expect(!again)
        }
    }
}
