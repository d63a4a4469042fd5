import Testing
import WSQueueSystem

struct AccountFilesTests {
    private static let groups = """
        root:x:0:
        # a comment
        short:x:7
        wsqueue-publish:x:64301:www-data,bob
        another:x:64301:
        :x:9:
        wide:x:4294967296:
        last:x:8:
        """

    @Test(
        arguments: [
            (0, "root", []), (64_301, "wsqueue-publish", ["www-data", "bob"]), (8, "last", []),
        ] as [(UInt32, String, [String])])
    func `an entry is found by its number`(number: UInt32, name: String, members: [String]) {
        let entry = AccountFiles.entry(of: number, among: Array(Self.groups.utf8))
        #expect(entry?.name == name && entry?.rest == members)
    }

    @Test(arguments: [7, 9, 5] as [UInt32])
    func `what is no entry is passed over`(number: UInt32) {
        #expect(AccountFiles.entry(of: number, among: Array(Self.groups.utf8)) == nil)
        #expect(AccountFiles.entry(of: number, among: []) == nil)
    }
}
