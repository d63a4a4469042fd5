package import WSQueueSystem

/// The name of a file that is followed as `tail -F` does: through a rename with a new file in its place, and through a cut to
/// nothing (`copytruncate`).
package struct FollowedName {
    /// What is to be done where the open file has no more for now.
    package enum Step: Equatable {
        /// Nothing: its writer may go on.
        case wait
        /// Once more it is read.
        case read
        /// The next file is read, for this one has ended.
        case open
    }

    /// The path.
    package let path: String
    private var position: Int64
    /// What was read last.
    private var mark: [UInt8]
    private var isLeft = false

    private static let markBytes = 64

    /// Begins in an open file.
    ///
    /// - Parameter before: The bytes before an offset.
    package init<Fault>(
        _ path: String, position: Int, before: (_ offset: Int, _ count: Int) throws(Fault) -> [UInt8]
    ) throws(Fault) {
        self.path = path
        self.position = Int64(position)
        let count = min(position, Self.markBytes)
        mark = try before(position - count, count)
    }

    /// Some bytes have been read.
    package mutating func advance(_ bytes: ArraySlice<UInt8>) {
        position += Int64(bytes.count)
        mark = Array((mark + bytes.suffix(Self.markBytes)).suffix(Self.markBytes))
    }

    /// Another file is read now, from its beginning.
    package mutating func begin() {
        position = 0
        mark = []
        isLeft = false
    }

    /// Whether the file was cut since it was read: it is shorter, or has grown again and has something else where its end
    /// was. Where its writer goes on far behind its end, there are only NULs.
    ///
    /// - Parameter before: The bytes before an offset.
    package mutating func isCut<Fault>(
        _ open: FileStatus, before: (_ offset: Int, _ count: Int) throws(Fault) -> [UInt8]
    ) throws(Fault) -> Bool {
        if open.sizeBytes >= position {
            let found = try before(Int(position) - mark.count, mark.count)
            guard found != mark, found.contains(where: { $0 != 0 }) else { return false }
        }
        position = 0
        mark = []
        return true
    }

    /// Looks at what the open file is now, and at what stands at the path.
    package mutating func step(_ open: FileStatus, _ there: FileStatus?) -> Step {
        // Before its writer has begun with the next file it writes to this one, whatever the name of that is.
        guard let there, there.kind == .regular, there.identity != open.identity, there.sizeBytes > 0 else {
            return .wait
        }
        guard !isLeft else { return .open }
        isLeft = true
        return .read
    }
}
