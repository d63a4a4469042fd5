import Foundation
import Support
import Testing

@testable import WSQueueSystem

/// Other users' entries are tried with other users, in Tests/EndToEnd/queue; what is no file or directory of ours is the
/// same to it.
struct OwnEntriesTests {
    private let name = FileName(".own")

    /// What is ours in a directory, and what had to make room for it.
    private final class Place {
        let directory: Directory
        private(set) var displaced: [ForeignEntry] = []

        init(_ path: String) throws { directory = try Directory.open(path) }

        var entries: OwnEntries { OwnEntries(in: directory) { self.displaced.append($0) } }

        func mode(_ name: FileName) throws -> UInt32 { try directory.status(of: name).mode & 0o777 }
    }

    @Test func `what is missing is made for its owner alone`() throws {
        try withTemporaryDirectory { path in
            let place = try Place(path)
            _ = try place.entries.openDirectory(FileName("d"))
            _ = try place.entries.openFile(FileName("f"))
            #expect(try place.mode(FileName("d")) == 0o700)
            #expect(try place.mode(FileName("f")) == 0o600)
            #expect(place.displaced.isEmpty)
        }
    }

    @Test func `what is ours and open to others is closed to them`() throws {
        try withTemporaryDirectory { path in
            let place = try Place(path)
            try place.directory.makeDirectory(FileName("d"), mode: 0o755)
            _ = try place.directory.openOrCreateFile(FileName("f"), mode: 0o644)
            _ = try place.entries.openDirectory(FileName("d"))
            let file = try place.entries.openFile(FileName("f"))
            #expect(try place.mode(FileName("d")) == 0o700)
            #expect(try file.status(object: "").mode == 0o600)
            #expect(place.displaced.isEmpty)
        }
    }

    enum Entry: CaseIterable { case file, directory, link, danglingLink, ownLink, hardLink, fifo }

    private func make(_ entry: Entry, at path: String) throws {
        let files = FileManager.default
        switch entry {
        case .file: #expect(files.createFile(atPath: path, contents: Data("x".utf8)))
        case .directory: try files.createDirectory(atPath: path, withIntermediateDirectories: false)
        case .link:
            try files.createDirectory(atPath: "\(path)-target", withIntermediateDirectories: false)
            try files.createSymbolicLink(atPath: path, withDestinationPath: "\(path)-target")
        case .ownLink:
            #expect(files.createFile(atPath: "\(path)-target", contents: Data("x".utf8)))
            try files.createSymbolicLink(atPath: path, withDestinationPath: "\(path)-target")
        case .danglingLink: try files.createSymbolicLink(atPath: path, withDestinationPath: "\(path)-target")
        case .hardLink:
            #expect(files.createFile(atPath: "\(path)-target", contents: Data("x".utf8)))
            try files.linkItem(atPath: "\(path)-target", toPath: path)
        case .fifo: #expect(mkfifo(path, 0o666) == 0)
        }
    }

    @Test(arguments: Entry.allCases)
    func `nothing but a directory is taken for one`(_ entry: Entry) throws {
        try withTemporaryDirectory { path in
            let place = try Place(path)
            try make(entry, at: "\(path)/.own")
            let opened = try place.entries.openDirectory(name)
            #expect(try opened.status().identity == place.directory.status(of: name).identity)
            #expect(try place.directory.status(of: name).kind == .directory)
            #expect(place.displaced.count == (entry == .directory ? 0 : 1))
            guard let displaced = place.displaced.first else { return }
            #expect(displaced.path == "\(path)/.own" && displaced.newName.description.hasPrefix(".foreign-.own-"))
            _ = try place.directory.status(of: displaced.newName)
        }
    }

    @Test(arguments: Entry.allCases)
    func `nothing but a file without a second name is taken for one`(_ entry: Entry) throws {
        try withTemporaryDirectory { path in
            let place = try Place(path)
            try make(entry, at: "\(path)/.own")
            let file = try place.entries.openFile(name)
            #expect(try file.status(object: "").identity == place.directory.status(of: name).identity)
            #expect(try file.status(object: "").kind == .regular)
            #expect(place.displaced.count == (entry == .file ? 0 : 1))
        }
    }

    @Test(arguments: Entry.allCases)
    func `a FIFO is the only one and of exactly its mode`(_ entry: Entry) throws {
        try withTemporaryDirectory { path in
            let place = try Place(path)
            try make(entry, at: "\(path)/.own")
            let isOpen = try place.entries.openFIFO(name, mode: 0o622) != nil
            #expect(isOpen)
            let status = try place.directory.status(of: name)
            #expect(status.kind == .fifo && status.mode & 0o777 == 0o622)
            // Where it is so, it stays: somebody may wait at it.
            _ = try place.entries.openFIFO(name, mode: 0o622) != nil
            #expect(try place.directory.status(of: name).identity == status.identity)
        }
    }

    @Test func `a link of one's own leads to a directory of one's own where that is allowed`() throws {
        try withTemporaryDirectory { path in
            let place = try Place(path)
            try make(.link, at: "\(path)/.own")
            let opened = try place.entries.openDirectory(name, followsOwnLinks: true)
            #expect(try opened.status().identity == Directory.status(at: "\(path)/.own-target").identity)
            #expect(try opened.status().mode & 0o777 == 0o700)
            #expect(place.displaced.isEmpty)
        }
    }

    @Test(arguments: ["d", "d/", "d//", "./d", "d/."])
    func `a directory at a path is found by any of its spellings`(_ spelling: String) throws {
        try withTemporaryDirectory { path in
            try FileManager.default.createDirectory(atPath: "\(path)/d", withIntermediateDirectories: false)
            let opened = try OwnDirectory.open("\(path)/\(spelling)", noteForeign: { _ in }, isMeant: { _ in false })
            #expect(try opened.status().identity == Directory.status(at: "\(path)/d").identity)
            #expect(try opened.status().mode & 0o777 == 0o700)
        }
    }

    @Test func `a directory that serves others too is not closed to them`() throws {
        try withTemporaryDirectory { path in
            try FileManager.default.createDirectory(atPath: "\(path)/d", withIntermediateDirectories: false)
            #expect(FileManager.default.createFile(atPath: "\(path)/d/theirs", contents: nil))
            #expect(throws: SystemCallError.self) {
                try OwnDirectory.open("\(path)/d", noteForeign: { _ in }, isMeant: { _ in false })
            }
            #expect(try Directory.status(at: "\(path)/d").mode & 0o777 == 0o755)
        }
    }
}
