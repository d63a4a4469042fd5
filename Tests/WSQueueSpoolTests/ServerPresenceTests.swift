import Foundation
import Support
import Testing
import WSQueueSpool
import WSQueueSystem

/// Whether a server holds a queue, as its publishers see it.
struct ServerPresenceTests {
    private func touch(_ path: String) { #expect(FileManager.default.createFile(atPath: path, contents: nil)) }

    @Test func `a queue without anything in it has no server, and one with a lock cannot be told`() throws {
        try withTemporaryDirectory { path in
            let queue = try Directory.open(path)
            #expect(ServerPresence.of(queue) == .none)
            touch("\(path)/.lock")
            #expect(ServerPresence.of(queue) == .unknown)
        }
    }

    @Test func `the sign holds as long as the server has it`() throws {
        try withTemporaryDirectory { path in
            let queue = try Directory.open(path)
            let entries = ownEntries(in: queue)
            do {
                let sign = try ServerSign(in: queue, entries)
                #expect(ServerPresence.of(queue) == .held)
                let needsTouch = sign.needsTouch
                #expect(!needsTouch)
            }
            #expect(ServerPresence.of(queue) == .none)
            try FileManager.default.removeItem(atPath: "\(path)/.server")
            touch("\(path)/.server")
            #expect(ServerPresence.of(queue) == .unknown)
        }
    }

    @Test func `without a sign the time of the address tells`() throws {
        try withTemporaryDirectory { path in
            let queue = try Directory.open(path)
            try ServerAddress(process: 7, addresses: []).write(in: queue)
            #expect(ServerPresence.of(queue) == .held)
            ServerAddress.touch(in: queue, unix: Clock.unixNanoseconds() - 60_000_000_000)
            #expect(ServerPresence.of(queue) == .none)
            ServerAddress.touch(in: queue, unix: Clock.unixNanoseconds())
            #expect(ServerPresence.of(queue) == .held)
            try FileManager.default.removeItem(atPath: "\(path)/.address")
            try FileManager.default.createDirectory(atPath: "\(path)/.address", withIntermediateDirectories: false)
            #expect(ServerPresence.of(queue) == .unknown && ServerAddress.read(in: queue) == nil)
        }
    }

    @Test func `an address is read as it was written, and what is none is not believed`() throws {
        try withTemporaryDirectory { path in
            let queue = try Directory.open(path)
            #expect(ServerAddress.read(in: queue) == nil)
            let address = ServerAddress(process: 7, addresses: ["127.0.0.1:80", "unix:/a=b"])
            for _ in 0..<2 {
                try address.write(in: queue)
                #expect(ServerAddress.read(in: queue) == address)
            }
            let attributes = try FileManager.default.attributesOfItem(atPath: "\(path)/.address")
            #expect(attributes[.posixPermissions] as? Int == 0o644)
            #expect(try FileManager.default.contentsOfDirectory(atPath: path) == [".address"])
            for text in ["", "pid=x\nlisten=a\n", "listen=a\n"] {
                try Data(text.utf8).write(to: URL(fileURLWithPath: "\(path)/.address"))
                #expect(ServerAddress.read(in: queue) == nil)
            }
        }
    }
}
