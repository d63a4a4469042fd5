package import WSQueueSystem

/// The end of a file whose event has been sent, step by step, so that nothing goes that was not read.
///
/// A publisher may rename its next event over the name, or write on into the same file, at any moment until the name is
/// gone. So a file whose name may be used again gets another one first, which no publisher uses, and what has that name
/// then is compared with what was read.
package struct Removal: Sendable {
    /// What became of a file.
    package enum Outcome: Equatable, Sendable {
        /// It is gone.
        case gone
        /// Another event stands under this name.
        case other(FileName)
        /// It stands under this name now and has got longer.
        case grown(FileName)
        /// It stands under this name now, and somebody may still write into it; `nil` where that cannot be told.
        case taken(FileName, ReadMark, isOpen: Bool?)
    }

    private let name: FileName
    private let directory: Directory
    /// `nil` where the name is never used again, so that the file need not be looked at.
    private let mark: ReadMark?

    /// Removes the file `name`.
    package init(_ name: FileName, in directory: Directory, readAs mark: ReadMark?) {
        self.name = name
        self.directory = directory
        self.mark = mark
    }

    /// Takes the name away and, where no one can write into the file any more, the file.
    package func carryOut() throws(SystemCallError) -> Outcome {
        try whileThere { () throws(SystemCallError) in
            guard let mark else {
                try directory.remove(name)
                return .gone
            }
            return try take(mark)
        }
    }

    /// Deletes a file that was taken and that no one has open any more.
    package func finish() throws(SystemCallError) -> Outcome {
        guard let mark else { return .gone }
        return try whileThere { () throws(SystemCallError) in try end(mark, isOpen: false) }
    }

    /// Looks whether a file that was taken is still what was read, and leaves it where it is.
    package func compare() throws(SystemCallError) -> Outcome {
        guard let mark else { return .gone }
        return try whileThere { () throws(SystemCallError) in try end(mark, isOpen: true) }
    }

    /// Somebody else may have deleted the file, which is what we wanted.
    private func whileThere(_ body: () throws(SystemCallError) -> Outcome) throws(SystemCallError) -> Outcome {
        do { return try body() } catch  where error.isNotFound { return .gone }
    }

    private func take(_ mark: ReadMark) throws(SystemCallError) -> Outcome {
        let present = try directory.status(of: name)
        switch try relation(mark, to: present, name) {
        case .same: break
        case .grown: return .grown(name)
        case .other: return .other(name)
        }
        let entry = TakenName.isOne(name.terminated.span) ? name : TakenName.make(for: name)
        if entry != name { try directory.rename(name, to: entry, in: directory) }
        let taken = Removal(entry, in: directory, readAs: mark.updated(present))
        // Asked first: what is written before the last writer closes the file shows in what is looked at afterwards.
        let isOpen = (try? directory.openForReading(entry))?.isBeingWritten
        do { return try taken.end(mark.updated(present), isOpen: isOpen) } catch {
            // Who asked knows the former name alone: what stands under the new one is to be looked at again.
            guard entry != name, !error.isNotFound else { throw error }
            return .taken(entry, mark.updated(present), isOpen: isOpen)
        }
    }

    /// Compares what has the name now, which is one of ours, and deletes it.
    private func end(_ mark: ReadMark, isOpen: Bool?) throws(SystemCallError) -> Outcome {
        let present = try directory.status(of: name)
        // The rename has changed the inode, and nothing else did.
        switch try relation(mark.updated(inodeOf: present), to: present, name) {
        case .other: return .other(try putBack())
        case .grown: return .grown(name)
        case .same:
            guard isOpen == false else { return .taken(name, mark.updated(present), isOpen: isOpen) }
            try directory.remove(name)
            return .gone
        }
    }

    /// Gives a file the name that it had, where that is free.
    ///
    /// - Returns: The name it has now.
    package func putBack() throws(SystemCallError) -> FileName {
        // The beginning of a long name may have been left out.
        guard name.count < TakenName.limitBytes else { return name }
        let original = TakenName.original(name)
        do {
            try directory.renameWithoutReplacing(name, to: original)
            return original
        } catch  where error.isExisting {
            return name
        }
    }

    /// Gives all files their names that have one of ours.
    ///
    /// - Returns: Those whose names others have by now, or cannot be given back; they stay where they are.
    package static func putBackAll(in directory: Directory) throws(SystemCallError) -> [FileName] {
        var names: [FileName] = []
        try directory.forEachName { if TakenName.isOne($0) { names.append(FileName($0)) } }
        return names.filter { ((try? Removal($0, in: directory, readAs: nil).putBack()) ?? $0) == $0 }
    }

    /// Compares a file that is to stay where it is with what was read.
    ///
    /// - Parameter before: What it looked like when it was found to stay; `nil` where it could not be looked at.
    package func relation(
        to present: FileStatus, before: Unfinished.Look?
    ) throws(SystemCallError) -> ReadMark.Relation {
        if let mark { return try relation(mark, to: present, name) }
        // A name that is used once is no other event's while it leads to the same file.
        guard let before else { return .same }
        return present.inode == before.inode && present.sizeBytes == before.sizeBytes ? .same : .other
    }

    private func relation(
        _ mark: ReadMark, to present: FileStatus, _ name: FileName
    ) throws(SystemCallError) -> ReadMark.Relation {
        let age = Clock.unixNanoseconds() - present.modifiedNanoseconds
        return try mark.relation(to: present, isSettled: age > 100_000_000) { () throws(SystemCallError) in
            var bytes: [UInt8] = []
            let size = min(Int(clamping: present.sizeBytes), .max - 1)
            let file = try directory.openForReading(name)
            try file.readAll(into: &bytes, sizeBytes: size, limitBytes: size + 1, object: name.description)
            return bytes
        }
    }
}
