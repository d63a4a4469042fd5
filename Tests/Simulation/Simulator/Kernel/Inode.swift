/// A file or a directory: what everyone sees, and what a power cut would leave.
final class Inode {
    /// A change of a file's contents that is not on the disk yet.
    enum Change {
        case write(offset: Int, [UInt8])
        case size(Int)
    }

    /// A change of names that reaches the disk whole or not at all, such as a rename within a directory.
    typealias NameChange = [(name: String, inode: Inode?)]

    let number: UInt64
    let isDirectory: Bool
    var mode: UInt32
    var contents: [UInt8] = []
    var durableContents: [UInt8] = []
    var changes: [Change] = []
    var entries: [String: Inode] = [:]
    var durableEntries: [String: Inode] = [:]
    var nameChanges: [NameChange] = []
    var modified: Int64 = 0
    var changed: Int64 = 0
    var links = 1
    /// The open file that holds its lock, and how many have it open for writing.
    weak var lock: OpenFile?
    var writers = 0
    weak var parent: Inode?
    var name = ""

    init(number: UInt64, isDirectory: Bool, mode: UInt32) {
        self.number = number
        self.isDirectory = isDirectory
        self.mode = mode
    }

    /// Brings to the disk what has changed since the last time. What a failed sync has dropped stays missing there, though
    /// everyone reads it until the next power cut.
    func sync() {
        for change in changes { Self.apply(change, to: &durableContents) }
        changes = []
        durableEntries = entries
        nameChanges = []
    }

    /// Changes the contents, for now in memory only.
    func apply(_ change: Change) {
        Self.apply(change, to: &contents)
        changes.append(change)
    }

    static func apply(_ change: Change, to contents: inout [UInt8]) {
        switch change {
        case .write(let offset, let bytes):
            if contents.count < offset + bytes.count {
                contents.append(contentsOf: repeatElement(0, count: offset + bytes.count - contents.count))
            }
            contents.replaceSubrange(offset..<(offset + bytes.count), with: bytes)
        case .size(let size):
            if size < contents.count {
                contents.removeLast(contents.count - size)
            } else {
                contents.append(contentsOf: repeatElement(0, count: size - contents.count))
            }
        }
    }
}
