import Foundation
import Support
import Testing
import WSQueueSpool
import WSQueueSystem

struct DefaultQueueTests {
    @Test func `without the package's queue it is the one beside the caller`() throws {
        try withPlaces { local, installed in
            #expect(choice(local, installed) == local)
            try FileManager.default.createDirectory(atPath: local, withIntermediateDirectories: false)
            #expect(choice(local, installed) == local)
            try "".write(toFile: installed, atomically: false, encoding: .utf8)
            #expect(choice(local, installed) == local)
        }
    }

    @Test func `the package's queue comes before one that no server holds`() throws {
        try withPlaces { local, installed in
            try FileManager.default.createDirectory(atPath: installed, withIntermediateDirectories: false)
            #expect(choice(local, installed) == installed)
            try FileManager.default.createDirectory(atPath: local, withIntermediateDirectories: false)
            #expect(choice(local, installed) == installed)
        }
    }

    @Test func `one that a server holds comes first, where it is the caller's`() throws {
        try withPlaces { local, installed in
            for path in [local, installed] {
                try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
            }
            let queue = try Directory.open(local)
            let sign = try ServerSign(in: queue, OwnEntries(in: queue) { _ in })
            #expect(choice(local, installed) == local)
            #expect(choice("\(local)/", installed) == "\(local)/")
            // Of somebody else than the caller and root. Where the tests run as root, root's it is.
            let isRoot = Process.user == 0
            #expect(DefaultQueue.path(local: local, installed: installed, user: 64_311) == (isRoot ? local : installed))
            if isRoot {
                #expect(chown(local, 64_312, 64_312) == 0)
                #expect(choice(local, installed) == installed)
                #expect(DefaultQueue.path(local: local, installed: installed, user: 64_312) == local)
                // A link that somebody else has put there leads nowhere.
                let link = "\(local)-link"
                try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: local)
                #expect(DefaultQueue.path(local: link, installed: installed, user: 64_312) == link)
                #expect(lchown(link, 64_313, 64_313) == 0)
                #expect(DefaultQueue.path(local: link, installed: installed, user: 64_312) == installed)
                // Nor does one of the caller's own, where it leads to somebody else's queue.
                #expect(lchown(link, 64_312, 64_312) == 0 && chown(local, 64_314, 64_314) == 0)
                #expect(DefaultQueue.path(local: link, installed: installed, user: 64_312) == installed)
            }
            // The server is there until here.
            _ = sign.needsTouch
        }
    }

    private func choice(_ local: String, _ installed: String) -> String {
        DefaultQueue.path(local: local, installed: installed, user: Process.user)
    }

    private func withPlaces(_ body: (String, String) throws -> Void) throws {
        try withTemporaryDirectory { path in try body("\(path)/queue", "\(path)/installed") }
    }
}
