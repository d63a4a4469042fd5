package import WSQueueSystem

/// What was read of a file whose name may be used again: by it is told whether a file is still that one.
///
/// A class, because names of the contract need none: thousands of their files wait for their deletion.
package final class ReadMark: Equatable, Sendable {
    /// What a file is, beside what was read.
    package enum Relation: Equatable, Sendable {
        /// The same file with the same contents.
        case same
        /// The same file, of which a batch has got longer.
        case grown
        /// Another file, or the same one written anew.
        case other
    }

    /// What it looked like.
    package let status: FileStatus
    /// How many of its bytes were read; more may have come meanwhile.
    package let byteCount: Int
    private let checksum: UInt32
    private let isBatch: Bool

    /// Makes one of what was read.
    package init(_ status: FileStatus, _ contents: Span<UInt8>, isBatch: Bool) {
        self.status = status
        byteCount = contents.count
        checksum = CRC32C.checksum(contents)
        self.isBatch = isBatch
    }

    private init(_ other: ReadMark, _ status: FileStatus) {
        self.status = status
        byteCount = other.byteCount
        checksum = other.checksum
        isBatch = other.isBatch
    }

    package static func == (one: ReadMark, other: ReadMark) -> Bool {
        one.status == other.status && one.byteCount == other.byteCount && one.checksum == other.checksum
            && one.isBatch == other.isBatch
    }

    /// The same of a file that looks otherwise by now, though nothing was written into it.
    package func updated(_ status: FileStatus) -> ReadMark { ReadMark(self, status) }

    /// The same after a rename, which has changed the inode.
    func updated(inodeOf present: FileStatus) -> ReadMark {
        guard present.hasContents(of: status) else { return self }
        return ReadMark(self, present)
    }

    /// Compares it with a file.
    ///
    /// - Parameters:
    ///   - present: What the file looks like now.
    ///   - isSettled: Whether a change since it was read would show in its times: a clock of a file system ticks each 10 ms
    ///     or so.
    ///   - read: Reads it, where its status does not decide.
    /// - Throws: What `read` throws: to take that for another file would send an event twice.
    package func relation(
        to present: FileStatus, isSettled: Bool, read: () throws(SystemCallError) -> [UInt8]
    ) throws(SystemCallError) -> Relation {
        guard present.identity == status.identity, present.sizeBytes >= byteCount else { return .other }
        let isAsLong = present.sizeBytes == byteCount
        if isAsLong, isSettled, hasTimes(of: present) { return .same }
        let contents = try read()
        guard contents.count >= byteCount, begins(contents.span) else { return .other }
        guard contents.count == byteCount else {
            if isBatch { return .grown }
            // A writer that ends its line when the event could be read already.
            return BatchLines.trimmed(byteCount..<contents.count, in: contents.span).isEmpty ? .same : .other
        }
        // A copy gets its times after its contents. Who writes the same once more has published once more.
        let isWritten = present.modifiedNanoseconds == present.changedNanoseconds
        return isWritten && present.modifiedNanoseconds != status.modifiedNanoseconds ? .other : .same
    }

    /// Whether contents begin with what was read.
    package func begins(_ contents: Span<UInt8>) -> Bool {
        contents.count >= byteCount && CRC32C.checksum(contents.extracting(..<byteCount)) == checksum
    }

    /// Whether nothing was written since, as far as times tell. A change of the inode alone may be one of its name, owner
    /// or mode, or one of its mtime after new contents.
    private func hasTimes(of present: FileStatus) -> Bool {
        present.modifiedNanoseconds == status.modifiedNanoseconds
            && present.changedNanoseconds == status.changedNanoseconds
    }
}
