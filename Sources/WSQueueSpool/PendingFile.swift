internal import WSQueueCore
package import WSQueueSystem

/// A file that waits in the spool, with its place among the others.
package struct PendingFile: Equatable, HeapElement {
    package let name: FileName
    /// Whether it is a `.jsonl` batch.
    package let isBatch: Bool
    /// Files of the same time are in the order in which they came: a tick of a file system is some milliseconds, and the
    /// PHP original's names have tenths of one.
    private(set) var arrival: FileArrival
    /// The time by which it is ordered: that of its name, else its mtime; Unix nanoseconds.
    package var nanoseconds: Int64 { order.nanoseconds }
    /// Whether it is not to be sent before that time.
    package let isScheduled: Bool
    private let order: SpoolOrder
    private var form: SpoolName.Form
    /// Whether a server before this one has taken it, and not deleted it. Here it takes no memory: many files wait.
    package let wasLeft: Bool
    /// Where the name begins that it was delivered under, and how long its stem is.
    private let start: Int
    private let stemCount: Int

    init(
        name: FileName, from start: Int = 0, wasLeft: Bool = false, parsed: SpoolName, order: SpoolOrder,
        arrival: FileArrival
    ) {
        self.name = name
        self.wasLeft = wasLeft
        self.start = start
        self.order = order
        self.arrival = arrival
        form = parsed.form
        isBatch = parsed.kind == .batch
        isScheduled = parsed.isScheduled
        stemCount = parsed.stemCount
    }

    /// The same file, of which a notice has told by now.
    func noticed(_ arrival: FileArrival) -> PendingFile {
        var file = self
        file.arrival = arrival
        return file
    }

    /// The same file, of which was noticed that it is written in place, whatever its name promises.
    package var writtenInPlace: PendingFile {
        var file = self
        if form == .contract { file.form = .original }
        return file
    }

    /// Whether a server has had it before, under the name that it was delivered under.
    package var wasTaken: Bool { start > 0 }

    /// Whether its writer is known to have finished.
    package var isNoticed: Bool { arrival.isNoticed }

    /// The name without its suffix, which is the event's id unless the event has its own; any bytes.
    package var stem: ArraySlice<UInt8> { name.bytes[start..<(start + stemCount)] }

    /// Whether the name is one that the contract's publishers make, `<19 digits>-…`: who follows the contract that far
    /// renames, and what was renamed is whole.
    package var isNamedByContract: Bool { form == .contract }

    /// Whether no other file has had this name, or will.
    package var isNameUsedOnce: Bool { form != .other }

    /// Whether this file comes first.
    package func precedes(_ other: PendingFile) -> Bool {
        if order.nanoseconds == other.order.nanoseconds, arrival != other.arrival { return arrival < other.arrival }
        return order.precedes(
            other.order, name: name.terminated.span.extracting(..<name.count),
            otherName: other.name.terminated.span.extracting(..<other.name.count))
    }

    /// Whether this file comes before another one that is not taken in.
    func precedes(_ otherOrder: SpoolOrder, _ otherName: borrowing Span<UInt8>) -> Bool {
        order.precedes(otherOrder, name: name.terminated.span.extracting(..<name.count), otherName: otherName)
    }
}
