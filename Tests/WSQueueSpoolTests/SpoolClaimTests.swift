import Foundation
import Support
import Testing
import WSQueueSpool
import WSQueueSystem

/// Whose an event is that the server has put into the queue for somebody else, by the name of its file.
struct SpoolClaimTests {
    private static let stem = "1795231805123456789-4711-1-9f0c3a52"

    private func read(_ name: String) -> (stem: String, owner: String)? {
        let stem = Array(name.utf8)
        return SpoolClaim.read(stem[...]).map { found in
            (
                String(decoding: stem.prefix(found.stemCount), as: UTF8.self),
                String(decoding: found.owner, as: UTF8.self)
            )
        }
    }

    private func named(_ owner: String) throws -> String {
        try withTemporaryDirectory { path in
            let claim = try #require(SpoolClaim(owner))
            let writer = SpoolWriter(try Directory.open(path), claim: claim)
            let stem = try writer.write(Array(#"{"event":"e"}"#.utf8).span, suffix: .event)
            let names = try FileManager.default.contentsOfDirectory(atPath: path)
            let name = try #require(names.first)
            #expect(names.count == 1 && name.hasPrefix("\(stem).by-") && name.hasSuffix(".json"))
            return String(name.dropLast(".json".count))
        }
    }

    @Test(arguments: ["http:2", "client:42", "client:Zoë", "client:a.b/c%d:e", "client:~", "client:x-y_z"])
    func `what is written into a name is read out of it`(owner: String) throws {
        let name = try named(owner)
        #expect(name.utf8.count < 143 && !name.contains(":") && !name.contains("/"))
        let found = try #require(read(name))
        #expect(found.owner == owner && !found.stem.contains(".by-"))
    }

    @Test func `a long name is written as what tells it apart`() throws {
        let names = try ["a", "b"].map { try named("client:" + String(repeating: "é", count: 100) + $0) }
        #expect(names.allSatisfy { $0.utf8.count < 143 })
        #expect(read(names[0])?.owner != read(names[1])?.owner)
    }

    @Test(
        arguments: [
            stem, "\(stem).by-", "\(stem).by-http", "\(stem).by-http-", "\(stem).by-Http-2", "\(stem).by--2",
            "\(stem).bye-http-2", "\(stem).by-http-2.x", "\(stem).by-client-%4", "\(stem).by-client-%zz",
            "\(stem).by-client-a b", "",
        ])
    func `other names say nothing`(name: String) { #expect(read(name) == nil) }

    @Test(arguments: ["http", ":2", "http:", "Http:2", "", "a b:2"])
    func `only a kind and a text can be claimed`(owner: String) { #expect(SpoolClaim(owner) == nil) }

    @Test(
        arguments: [
            (0o755, true), (0o700, true), (0o3730, true), (0o1777, true), (0o775, false), (0o777, false),
            (0o2770, false),
        ])
    func `it is believed where no other can rename the file`(mode: Int, isBelieved: Bool) throws {
        try withTemporaryDirectory { path in
            try Data().write(to: URL(fileURLWithPath: "\(path)/f"))
            try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
            let directory = try Directory.status(at: path)
            let file = try Directory.status(at: "\(path)/f")
            #expect(SpoolClaim.isBelieved(of: file, in: directory, user: file.owner) == isBelieved)
            #expect(!SpoolClaim.isBelieved(of: file, in: directory, user: file.owner + 1))
        }
    }
}
