internal import WSQueueCore
package import WSQueueSystem

/// A journal that is only looked at: a server may be writing it meanwhile, or have been killed in the midst of that. Nothing
/// is put in order, cut off or removed.
package struct JournalArchive {
    /// How far a journal reaches.
    package struct Extent: Equatable, Sendable {
        /// The identity of its numbering; empty where nothing is there.
        package internal(set) var epoch = ""
        /// The last number before the oldest record, and that of the newest.
        package internal(set) var precedingSeq: UInt64 = 0
        package internal(set) var lastSeq: UInt64 = 0
        /// When the oldest event got its number, Unix nanoseconds.
        package internal(set) var oldestUnixNanoseconds: Int64?
        /// Files in which something is not what was written, so that a part of the history is missing.
        package internal(set) var damaged: [String] = []
    }

    /// A segment's file, open.
    private struct Segment: ~Copyable {
        let name: FileName
        let header: JournalSegmentHeader
        let file: FileDescriptor
    }

    private let directory: Directory

    private static let pieceBytes = 1_048_576

    /// Looks at the journal in a directory.
    package init(_ directory: Directory) { self.directory = directory }

    /// Reads all records that are there, the oldest first.
    ///
    /// - Parameter body: Gets each record, the bytes in which it lies, and its numbering.
    package func read(
        _ body: (JournalRecordText, [UInt8], String) -> Void
    ) throws(SystemCallError) -> Extent {
        var extent = Extent()
        let names = try names(&extent)
        for (index, name) in names.enumerated() {
            // It may have been trimmed since.
            guard let segment = try open(name) else { continue }
            if extent.epoch.isEmpty { extent.precedingSeq = segment.header.precedingSeq }
            extent.epoch = segment.header.epoch
            extent.lastSeq = max(extent.lastSeq, segment.header.precedingSeq)
            let isWhole = try scan(segment, &extent, body)
            // The newest ends where its server has got to, in the midst of a record perhaps.
            if !isWhole, index + 1 < names.count { extent.damaged.append(name.description) }
        }
        return extent
    }

    /// The events that are the state of their keys although their records may be gone, as they were when those were trimmed.
    package func keptEvents(of extent: Extent) throws(SystemCallError) -> [KeptEvent] {
        let limits = KeptLimits(keys: .max, bytes: .max)
        guard let kept = try KeptFile.read(in: directory, epoch: extent.epoch, limits)?.kept else { return [] }
        return kept.events()
    }

    /// The segments in the order in which they were begun.
    private func names(_ extent: inout Extent) throws(SystemCallError) -> [FileName] {
        var found: [FileName] = []
        try directory.forEachName { bytes in
            let name = FileName(bytes)
            if name.description.hasSuffix(JournalStorage.suffix), JournalVersionMark.version(of: name) == nil {
                found.append(name)
            }
        }
        var segments: [(name: FileName, created: Int64, preceding: UInt64)] = []
        for name in found {
            guard let segment = try open(name) else {
                if (try? directory.status(of: name)) != nil { extent.damaged.append(name.description) }
                continue
            }
            segments.append((name, segment.header.createdNanoseconds, segment.header.precedingSeq))
        }
        return segments.sorted { ($0.created, $0.preceding) < ($1.created, $1.preceding) }.map(\.name)
    }

    /// Opens a segment; `nil` for what is none, or no longer there.
    private func open(_ name: FileName) throws(SystemCallError) -> Segment? {
        do throws(SystemCallError) {
            let file = try directory.openForReading(name)
            let bytes = try file.read(at: 0, count: JournalSegmentHeader.byteCount, object: directory.path(of: name))
            guard let header = JournalSegmentHeader(bytes.span) else { return nil }
            return Segment(name: name, header: header, file: file)
        } catch  where error.isNotFound {
            return nil
        }
    }

    /// - Returns: Whether the file ends after a record.
    private func scan(
        _ segment: borrowing Segment, _ extent: inout Extent, _ body: (JournalRecordText, [UInt8], String) -> Void
    ) throws(SystemCallError) -> Bool {
        let path = directory.path(of: segment.name)
        var offset = JournalSegmentHeader.byteCount
        var wanted = Self.pieceBytes
        var last = segment.header.precedingSeq
        while true {
            let bytes = try segment.file.read(at: offset, count: wanted, object: path)
            guard !bytes.isEmpty else { return true }
            var position = 0
            while let text = JournalRecordText.decode(bytes.span, at: position, as: segment.header.format),
                text.seq > last
            {
                body(text, bytes, segment.header.epoch)
                if extent.oldestUnixNanoseconds == nil { extent.oldestUnixNanoseconds = text.unixNanoseconds }
                last = text.seq
                position = text.end
            }
            extent.lastSeq = max(extent.lastSeq, last)
            offset += position
            if position > 0 {
                wanted = Self.pieceBytes
                continue
            }
            guard case .cut(let needed) = JournalScanner.look(bytes.span, at: 0), bytes.count == wanted, needed > wanted
            else { return false }
            wanted = needed
        }
    }
}
