import Foundation
import Support
import Testing
import WSQueueOperation
import WSQueueSystem

/// Who else may read or change a file that decides who may do what.
struct FileTrustTests {
    private func doubt(_ contents: FileTrust.Contents, mode: Int, user: UInt32? = nil) throws -> String? {
        try withTemporaryDirectory { path in
            let file = "\(path)/f"
            try Data().write(to: URL(fileURLWithPath: file))
            try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: file)
            let status = try Directory.status(at: file)
            return FileTrust.doubt(about: contents, status, user: user ?? status.owner)
        }
    }

    @Test(
        arguments: [
            (.secrets, 0o600, nil), (.secrets, 0o640, nil), (.secrets, 0o644, "chmod 640"),
            (.secrets, 0o660, "its group"),
            (.secrets, 0o602, "everybody"), (.settings, 0o644, nil), (.settings, 0o664, "its group"),
            (.settings, 0o666, "everybody"),
        ] as [(FileTrust.Contents, Int, String?)])
    func `modes by which others may read secrets or change rules are told`(
        contents: FileTrust.Contents, mode: Int, hint: String?
    ) throws {
        let doubt = try doubt(contents, mode: mode)
        #expect((doubt == nil) == (hint == nil))
        if let hint { #expect(try #require(doubt).contains(hint)) }
    }

    @Test(.enabled(if: Process.user != 0)) func `so is an owner who is neither root nor this user`() throws {
        #expect(try #require(try doubt(.settings, mode: 0o600, user: 12_345)).contains("chown root"))
    }
}
