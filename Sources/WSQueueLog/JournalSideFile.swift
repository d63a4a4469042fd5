internal import WSQueueCore
internal import WSQueueSystem

/// A file beside the segments that belongs to one numbering: a title, the numbering's name, contents, and their CRC-32C.
struct JournalSideFile {
    private let name: FileName
    private let draft: FileName
    private let title: [UInt8]

    /// - Parameter title: With what the file begins: what it is, and in which format.
    init(_ name: String, title: String) {
        self.name = FileName(name)
        draft = FileName("\(name).new")
        self.title = Array(title.utf8)
    }

    /// What reading gives.
    enum Found {
        case none
        case contents([UInt8])
        /// It is another numbering's, or not what was written.
        case unusable
    }

    /// - Throws: Why what is there cannot be read now: it is not lost, and must not be written anew without it.
    func read(in directory: Directory, epoch: String) throws(SystemCallError) -> Found {
        var bytes: [UInt8] = []
        do throws(SystemCallError) {
            let file = try directory.openForReading(name)
            try file.readAll(into: &bytes, limitBytes: Self.limitBytes, object: directory.path(of: name))
        } catch  where error.isNotFound {
            return .none
        }
        let head = title + Array(epoch.utf8) + [0]
        guard bytes.count >= head.count + 4, bytes.starts(with: head) else { return .unusable }
        let body = head.count..<(bytes.count - 4)
        let checksum = UInt64(CRC32C.checksum(bytes.span.extracting(body)))
        guard checksum == bytes.span.littleEndian(4, at: body.upperBound) else { return .unusable }
        return .contents(Array(bytes[body]))
    }

    /// Puts contents in the place of what is there.
    ///
    /// - Parameter isDurable: Whether they are brought to the disk before what was there goes, and their name after it.
    func write(
        _ contents: [UInt8], epoch: String, in directory: Directory, isDurable: Bool
    ) throws(SystemCallError) {
        var bytes = title + Array(epoch.utf8) + [0] + contents
        bytes.append(number: UInt64(CRC32C.checksum(contents.span)), bytes: 4)
        try Self.remove(draft, in: directory)
        let path = directory.path(of: draft)
        let file = try directory.openOrCreateFile(draft, mode: 0o600)
        try file.writeAll(bytes.span, at: 0, object: path)
        if isDurable { try file.sync(dataOnly: true, object: path) }
        try directory.rename(draft, to: name, in: directory)
        guard isDurable else { return }
        do throws(SystemCallError) {
            try directory.sync()
        } catch  where error.isUnsupported {}
    }

    private static let limitBytes = 4 * 1_048_576 * 1_024

    private static func remove(_ name: FileName, in directory: Directory) throws(SystemCallError) {
        do {
            try directory.remove(name)
        } catch  where error.isNotFound {
            return
        }
    }
}
