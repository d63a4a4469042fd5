package import WSQueueSystem

/// Where the segments are.
package enum JournalStorage: Sendable {
    /// Files in a directory, which outlive the process.
    case directory(Directory)
    /// Memory: clients can go on after a lost connection, but not after a restart.
    case memory

    static let suffix = ".segment"
    /// Its name in the queue, where it has no place of its own.
    package static let directoryName = FileName(".journal")

    /// The journal of a queue, in a hidden directory that is made where it is missing.
    ///
    /// - Parameter noteForeign: Is told of each entry of others that was moved out of the way.
    /// - Throws: ``SystemCallError`` when the directory cannot be made, opened, or made durable.
    package static func open(
        in queue: Directory, noteForeign: @escaping (ForeignEntry) -> Void
    ) throws(SystemCallError) -> JournalStorage {
        let directory = try OwnEntries(in: queue, noteForeign: noteForeign).openDirectory(directoryName)
        // Also where it exists: a server may have made it and been killed before it could sync the name.
        do {
            try queue.sync()
        } catch  where error.isUnsupported {}
        return try cleared(directory, noteForeign)
    }

    /// The journal at a path of its own, which is made where it is missing below a parent that exists.
    ///
    /// - Throws: ``SystemCallError`` when it cannot be made or opened.
    package static func open(
        at path: String, noteForeign: @escaping (ForeignEntry) -> Void
    ) throws(SystemCallError) -> JournalStorage {
        let directory = try OwnDirectory.open(path, noteForeign: noteForeign) { isOfJournal($0) }
        directory.syncName()
        return try cleared(directory, noteForeign)
    }

    /// Whether a journal's directory may have an entry of this name.
    private static func isOfJournal(_ name: FileName) -> Bool {
        name.terminated.first == UInt8(ascii: ".") || name.description.hasSuffix(suffix)
    }

    /// The directory, in which no one else has put a segment or may open one.
    private static func cleared(
        _ directory: Directory, _ noteForeign: @escaping (ForeignEntry) -> Void
    ) throws(SystemCallError) -> JournalStorage {
        try OwnEntries(in: directory, noteForeign: noteForeign).clear { $0.description.hasSuffix(suffix) }
        return .directory(directory)
    }

    /// Makes an empty segment.
    func create(_ header: JournalSegmentHeader) throws(SystemCallError) -> JournalSegment {
        let name = Self.name(header)
        switch self {
        case .memory:
            let path = "journal in memory"
            let file = try FileDescriptor.inMemory("wsqueue-journal")
            try file.writeAll(header.bytes.span, at: 0, object: path)
            return JournalSegment(name: name, in: self, path: path, descriptor: file, header: header)
        case .directory(let directory):
            let path = directory.path(of: name)
            try JournalVersionMark.make(in: directory)
            // One of this name has no records: it is what is left of an attempt that failed half way, or of a time before
            // the queue was replaced.
            try? directory.remove(name)
            let file = try directory.openOrCreateFile(name, mode: 0o600)
            do throws(SystemCallError) {
                try file.writeAll(header.bytes.span, at: 0, object: path)
            } catch {
                try? directory.remove(name)
                throw error
            }
            return JournalSegment(name: name, in: self, path: path, descriptor: file, header: header)
        }
    }

    /// Whether segments can be made and removed, as far as rights and the mount decide.
    func checkWritable() throws(SystemCallError) {
        if case .directory(let directory) = self { try directory.checkWritable() }
    }

    /// Keeps for whom events were that are gone.
    func keep(_ trimmed: HistoryMarks, epoch: String) throws(SystemCallError) {
        if case .directory(let directory) = self { try TrimmedFile.write(trimmed, epoch: epoch, in: directory) }
    }

    /// Keeps the state up to a number, whose events are about to go.
    func keep(_ kept: KeptEvents, upTo end: UInt64, epoch: String) throws(SystemCallError) {
        if case .directory(let directory) = self { try KeptFile.write(kept, upTo: end, epoch: epoch, in: directory) }
    }

    /// Removes a segment's file; readers that have it open can read on.
    func remove(_ name: FileName) throws(SystemCallError) {
        guard case .directory(let directory) = self else { return }
        do {
            try directory.remove(name)
        } catch  where error.isNotFound {
            return
        }
    }

    /// What is found at the start: the segments in no order, and files that should be some.
    ///
    /// - Throws: ``JournalOpeningError`` also where a later server has written here.
    func open() throws(JournalOpeningError) -> (segments: [JournalSegment], damaged: [FileName]) {
        guard case .directory(let directory) = self else { return ([], []) }
        var segments: [JournalSegment] = []
        var damaged: [FileName] = []
        for name in try names(in: directory) {
            switch try look(at: name, in: directory) {
            case .segment(let segment): segments.append(segment)
            case .damaged: damaged.append(name)
            case .newer: throw .newer(path: directory.path(of: name))
            case .none: continue
            }
        }
        return (segments, damaged)
    }

    private enum Entry {
        case segment(JournalSegment)
        case damaged
        /// A later server's.
        case newer
        case none
    }

    /// The names that segments have, as far as no later server has left its mark among them.
    private func names(in directory: Directory) throws(JournalOpeningError) -> [FileName] {
        var names: [FileName] = []
        do throws(SystemCallError) {
            try directory.forEachName { bytes in
                let name = FileName(bytes)
                if name.description.hasSuffix(Self.suffix) { names.append(name) }
            }
        } catch {
            throw .failed(error)
        }
        for name in names {
            guard let version = JournalVersionMark.version(of: name) else { continue }
            if version > JournalFormat.newest.rawValue { throw .newer(path: directory.path(of: name)) }
        }
        return names.filter { JournalVersionMark.version(of: $0) == nil }
    }

    private func look(at name: FileName, in directory: Directory) throws(JournalOpeningError) -> Entry {
        let path = directory.path(of: name)
        do throws(SystemCallError) {
            let file = try directory.openOrCreateFile(name, mode: 0o600)
            let bytes = try file.read(at: 0, count: JournalSegmentHeader.byteCount, object: path)
            if let header = JournalSegmentHeader(bytes.span), header.epoch == Self.epoch(of: name) {
                return .segment(JournalSegment(name: name, in: self, path: path, descriptor: file, header: header))
            }
            let version = JournalSegmentHeader.version(of: bytes.span) ?? 0
            guard version <= JournalFormat.newest.rawValue else { return .newer }
            guard bytes.count < JournalSegmentHeader.byteCount else { return .damaged }
            // Made, and never written to: the server was killed in between.
            try directory.remove(name)
            return .none
        } catch {
            throw .failed(error)
        }
    }

    /// The epoch that a segment's name says.
    static func epoch(of name: FileName) -> String {
        String(decoding: name.bytes.prefix { $0 != UInt8(ascii: "-") }, as: UTF8.self)
    }

    /// The preceding number that a segment's name says.
    static func precedingSeq(of name: FileName) -> UInt64 {
        UInt64(name.description.dropFirst(epoch(of: name).utf8.count + 1).dropLast(suffix.utf8.count)) ?? 0
    }

    private static func name(_ header: JournalSegmentHeader) -> FileName {
        let digits = String(header.precedingSeq)
        let padded = String(repeating: "0", count: 20 - digits.utf8.count) + digits
        return FileName("\(header.epoch)-\(padded)\(suffix)")
    }
}
