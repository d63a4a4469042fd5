/// The names of users and groups in the files of this machine (passwd(5), group(5)): a static program has no name service.
package enum AccountFiles {
    /// A line of `/etc/passwd` or `/etc/group`.
    package struct Entry: Equatable, Sendable {
        /// The name of the user or the group.
        package let name: String
        /// Its number.
        package let number: UInt32
        /// What stands in the fourth field: of a group its members, of a user the number of its first group.
        package let rest: [String]
    }

    /// The entry of a user's number; `nil` where these files have none.
    package static func user(_ number: UInt32) -> Entry? { entry(of: number, in: "/etc/passwd") }

    /// The entry of a group's number; `nil` where these files have none.
    package static func group(_ number: UInt32) -> Entry? { entry(of: number, in: "/etc/group") }

    /// The entry of a number in the text of such a file. Of several the first counts, as everywhere.
    package static func entry(of number: UInt32, among text: [UInt8]) -> Entry? {
        for line in text.split(separator: UInt8(ascii: "\n")) {
            let fields = line.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
            guard fields.count > 3, let found = UInt32(string(fields[2])), found == number, !fields[0].isEmpty else {
                continue
            }
            return Entry(
                name: string(fields[0]), number: number, rest: fields[3].split(separator: UInt8(ascii: ",")).map(string)
            )
        }
        return nil
    }

    /// More than any machine has in these files: what is larger is read in part.
    private static let limitBytes = 4 * 1_048_576

    private static func entry(of number: UInt32, in path: String) -> Entry? {
        // A chroot may have no such file.
        guard let text = try? InputFile.open(path).readAll(limitBytes: limitBytes) else { return nil }
        return entry(of: number, among: text)
    }

    private static func string(_ bytes: ArraySlice<UInt8>) -> String { String(decoding: bytes, as: UTF8.self) }
}
