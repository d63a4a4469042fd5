import Glibc

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
    var isFIFO = false
    let user: UInt32
    var contents: [UInt8] = []
    var durableContents: [UInt8] = []
    var changes: [Change] = []
    var entries: [String: Inode] = [:] { didSet { listing = nil } }
    var durableEntries: [String: Inode] = [:]
    var nameChanges: [NameChange] = []
    /// The names in the order of their hashes, until they change.
    private var listing: [ListedName]?
    var modified: Int64 = 0
    var changed: Int64 = 0
    var links = 1
    /// The open file that holds its lock, and how many have it open for writing.
    weak var lock: OpenFile?
    var writers = 0
    weak var parent: Inode?
    var name = ""

    init(number: UInt64, isDirectory: Bool, mode: UInt32, user: UInt32 = geteuid()) {
        self.number = number
        self.user = user
        self.isDirectory = isDirectory
        self.mode = mode
    }

    /// A name as a listing gives it.
    struct ListedName {
        let hash: UInt64
        let name: String
        let number: UInt64
    }

    /// The names of a directory in the order in which they are listed.
    func listed(by hash: (String) -> UInt64) -> [ListedName] {
        if let listing { return listing }
        let names = entries.map { ListedName(hash: hash($0.key), name: $0.key, number: $0.value.number) }
            .sorted { $0.hash < $1.hash }
        listing = names
        return names
    }

    /// Whether nothing of it waits for the next sync.
    var isDurable: Bool { changes.isEmpty && nameChanges.isEmpty }

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
            contents.withUnsafeMutableBytes { target in
                bytes.withUnsafeBytes {
                    UnsafeMutableRawBufferPointer(rebasing: target[offset...]).copyMemory(from: $0)
                }
            }
        case .size(let size):
            if size < contents.count {
                contents.removeLast(contents.count - size)
            } else {
                contents.append(contentsOf: repeatElement(0, count: size - contents.count))
            }
        }
    }
}
