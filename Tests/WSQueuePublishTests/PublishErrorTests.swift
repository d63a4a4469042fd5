import Foundation
import Support
import Testing
import WSQueuePublish
import WSQueueSystem

/// What the library says when a system call fails, and what a program may conclude from it.
@Suite(.serialized)
struct PublishErrorTests {
    @Test func `a missing directory is named with the place where it was looked for`() {
        let error = #expect(throws: PublishError.self) { try Publisher(directory: "no-such-queue") }
        #expect(error?.kind == .noDirectory)
        let text = error?.description ?? ""
        #expect(text.hasPrefix("cannot open the queue directory no-such-queue: no such file or directory"))
        #expect(text.contains("(relative to \(FileManager.default.currentDirectoryPath))"))
        #expect(text.hasSuffix("; create it, or name the directory that wsqueue-server reads"))
    }

    @Test func `a file in place of the directory is no directory`() throws {
        try withTemporaryDirectory { path in
            try "".write(toFile: "\(path)/queue", atomically: false, encoding: .utf8)
            let error = #expect(throws: PublishError.self) { try Publisher(directory: "\(path)/queue") }
            #expect(error?.kind == .noDirectory)
            #expect(error?.reason.hasSuffix("/queue: not a directory") == true)
        }
    }

    // The calls of a publication: 1 open the directory, 2 create, 3 write, 4 fchmod, 5 close, 6 rename.
    @Test(arguments: [
        (1, EACCES, PublishError.Kind.notPermitted), (1, ENOENT, .noDirectory), (1, EMFILE, .tryAgain),
        (1, ELOOP, .noDirectory), (2, EACCES, .notPermitted), (2, EPERM, .notPermitted), (2, EROFS, .cannotCreate),
        (2, ENOENT, .cannotCreate), (2, ENOSPC, .writeFailed), (2, EDQUOT, .writeFailed), (2, EMFILE, .tryAgain),
        (2, ENAMETOOLONG, .cannotCreate), (3, ENOSPC, .writeFailed), (3, EIO, .writeFailed), (4, EPERM, .notPermitted),
        (3, EFBIG, .writeFailed), (6, ENAMETOOLONG, .writeFailed),
        (5, EIO, .writeFailed), (6, EIO, .writeFailed), (6, ENOENT, .writeFailed), (6, ENOMEM, .tryAgain),
    ])
    func `a program can tell what to do from the kind`(call: Int, code: Int32, kind: PublishError.Kind) throws {
        try withTemporaryDirectory { path in
            let publisher = Publisher(uncheckedDirectory: path, settings: Publisher.Settings())
            let (outcome, didFail) = SystemCallFaults.failing(callNumber: call, with: code) {
                Result { () throws(PublishError) in try publisher.publish("a") }
            }
            #expect(didFail)
            guard case .failure(let error) = outcome else { throw Unexpected() }
            #expect(error.kind == kind)
            #expect(error.description.contains(path) && error.description.contains(SystemCallError.reason(of: code)))
            #expect(!error.advice.isEmpty)
            #expect(!error.description.contains("\n"))
            #expect(try FileManager.default.contentsOfDirectory(atPath: path).isEmpty)
        }
    }

    @Test func `an id that makes a name too long for the file system is what is to be mended`() throws {
        try withTemporaryDirectory { path in
            let publisher = Publisher(uncheckedDirectory: path, settings: Publisher.Settings())
            let (outcome, _) = SystemCallFaults.failing(callNumber: 6, with: ENAMETOOLONG) {
                Result { () throws(PublishError) in try publisher.publish("a") }
            }
            guard case .failure(let error) = outcome else { throw Unexpected() }
            #expect(error.advice.contains("a shorter id") && error.reason.contains("file name too long"))
        }
    }

    @Test func `who tried and what the directory is are said`() throws {
        try withTemporaryDirectory { path in
            try FileManager.default.setAttributes([.posixPermissions: 0o750], ofItemAtPath: path)
            let publisher = try Publisher(directory: path)
            let (outcome, _) = SystemCallFaults.failing(callNumber: 2, with: EACCES) {
                Result { () throws(PublishError) in try publisher.publish("a") }
            }
            guard case .failure(let error) = outcome else { throw Unexpected() }
            #expect(error.circumstances.hasPrefix("you are \(name(ofUser: geteuid())), gid \(getegid())"))
            #expect(error.circumstances.contains("the directory belongs to \(name(ofUser: geteuid())), gid "))
            #expect(error.circumstances.contains("mode 0750"))
        }
    }

    @Test func `an event that is queued but not durable is not to be published again`() throws {
        try withTemporaryDirectory { path in
            var settings = Publisher.Settings()
            settings.sync = .full
            let publisher = try Publisher(directory: path, settings: settings)
            // 5 is fdatasync, 6 the rename; 7 to 9 open the directory, sync it and close the file.
            var kinds: [PublishError.Kind] = []
            for call in 5...9 {
                let (outcome, _) = SystemCallFaults.failing(callNumber: call, with: EIO) {
                    Result { () throws(PublishError) in try publisher.publish("a") }
                }
                if case .failure(let error) = outcome { kinds.append(error.kind) }
            }
            #expect(kinds == [.writeFailed, .writeFailed, .publishedUnsafely, .publishedUnsafely, .publishedUnsafely])
            #expect(try FileManager.default.contentsOfDirectory(atPath: path).count == 3)
        }
    }

    @Test func `a directory above that is closed is named`() throws {
        try withTemporaryDirectory { path in
            let (outcome, didFail) = SystemCallFaults.failing(callNumber: 1, with: EACCES) {
                Result { () throws(PublishError) in try Publisher(directory: "\(path)/no/queue") }
            }
            guard didFail, case .failure(let error) = outcome else { throw Unexpected() }
            #expect(error.advice.hasPrefix("a directory above it, \(path), does not let this user through"))
        }
    }

    private func name(ofUser number: uid_t) -> String {
        "uid \(number)" + (AccountFiles.user(number).map { " (\($0.name))" } ?? "")
    }

    private struct Unexpected: Error {}
}
