internal import WSQueueLibc

/// A directory at a path that an operator has named for us alone.
package enum OwnDirectory {
    /// Opens it as ``OwnEntries`` do; it is made where it is missing below a parent that exists.
    ///
    /// - Parameters:
    ///   - noteForeign: Is told when somebody else's entry was moved out of the way.
    ///   - isMeant: Which entries it may have. One that is open to others and has more is not closed to them: it serves
    ///     somebody else too, and was named by mistake.
    package static func open(
        _ path: String, noteForeign: @escaping (ForeignEntry) -> Void, isMeant: (FileName) -> Bool
    ) throws(SystemCallError) -> Directory {
        var bytes = Array(path.utf8)
        while bytes.count > 1, bytes.last == UInt8(ascii: "/") { bytes.removeLast() }
        let start = bytes.lastIndex(of: UInt8(ascii: "/")).map { $0 + 1 } ?? 0
        let last = Array(bytes[start...])
        let name = FileName(last.span)
        let parentPath = String(decoding: bytes[..<start], as: UTF8.self)
        let parent = try Directory.openUnlisted(start == 0 ? "." : parentPath)
        let entries = OwnEntries(in: parent, noteForeign: noteForeign)
        if name.count == 0 || name == FileName(".") || name == FileName("..") {
            let directory = try Directory.open(path)
            guard entries.isOurs(try directory.status()) else {
                throw SystemCallError(call: "open", object: path, code: EPERM)
            }
            try check(directory, isMeant)
            try? directory.setMode(0o700)
            return directory
        }
        if let present = try? Directory.open(path), entries.isOurs(try present.status()) { try check(present, isMeant) }
        return try entries.openDirectory(name, followsOwnLinks: true)
    }

    private static func check(_ directory: Directory, _ isMeant: (FileName) -> Bool) throws(SystemCallError) {
        guard try directory.status().mode & 0o077 != 0 else { return }
        var isForAll = false
        try directory.forEachName { if !isMeant(FileName($0)) { isForAll = true } }
        if isForAll { throw SystemCallError(call: "chmod 700", object: directory.path, code: ENOTEMPTY) }
    }
}
