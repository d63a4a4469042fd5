package import WSQueueCore
package import WSQueueSpool
package import WSQueueSystem

/// An event, or a batch, that is written whole and lacks only its name: what is told of it can be told before it is in the
/// queue, and where that fails nothing is queued.
///
/// Letting go of it removes what was written.
package struct Publication: ~Copyable {
    /// What there will be.
    package let receipt: Receipt
    private let directory: Directory
    private var file: ReadyFile?
    private let held: (file: HeldFile, writer: SpoolWriter)?

    /// A file that is new.
    package init(_ file: consuming ReadyFile, _ receipt: Receipt, in directory: Directory) {
        self.receipt = receipt
        self.directory = directory
        self.file = consume file
        held = nil
    }

    /// One that is there, perhaps held back.
    init(_ receipt: Receipt, in writer: SpoolWriter, held: HeldFile? = nil) {
        self.receipt = receipt
        directory = writer.directory
        file = nil
        self.held = held.map { ($0, writer) }
    }

    /// The file, so that what becomes of it can be told where its next place may not be seen; `nil` where it cannot be
    /// opened.
    package func watch() -> FileDescriptor? {
        switch file {
        case .some(let file): file.watch()
        case .none: held.map { $0.writer.watch($0.file) } ?? nil
        }
    }

    /// Gives it its name: one rename.
    ///
    /// - Returns: What there is now: an event of the same id may have come before it.
    @discardableResult
    package consuming func finish() throws(PublishError) -> Receipt {
        var isNew = receipt.isNew
        do throws(SpoolWriteError) {
            if let file = file.take() { isNew = try file.reveal().isNew }
            if let held { isNew = try held.writer.release(held.file).isNew }
        } catch {
            throw PublishError(error, directory: directory)
        }
        return Receipt(
            id: receipt.id, path: receipt.path, sizeBytes: receipt.sizeBytes, events: receipt.events, isNew: isNew)
    }
}

extension Publisher {
    /// Writes an event that is to be published now, or at Unix nanoseconds; only the rename is left to do.
    package func prepare(_ event: Event, due: Int64? = nil) throws(PublishError) -> Publication {
        let bytes = try encode(event, due: due)
        let writer = try writer()
        let place = SpoolPlace(identity: event.id, dueNanoseconds: due)
        if let waiting = writer.waiting(place, .event) {
            return Publication(
                receipt(waiting, suffix: .event, id: event.id, sizeBytes: bytes.count, events: 1), in: writer)
        }
        do throws(SpoolWriteError) {
            var file = try writer.begin(.event)
            try file.append(bytes.span)
            let ready = try file.ready(at: place, isShort: true)
            let receipt = receipt(ready.entry, suffix: .event, id: event.id, sizeBytes: bytes.count, events: 1)
            return Publication(ready, receipt, in: writer.directory)
        } catch {
            throw PublishError(error, directory: writer.directory)
        }
    }

    /// Writes an event that is to be held back; only the rename is left to do.
    package func prepareHold(_ event: Event) throws(PublishError) -> Publication {
        let writer = try writer()
        let stem = event.id.map(SpoolStem.init(identity:)) ?? writer.nextStem()
        var event = event
        // It is to have the id that is told now, and its file gets another name when it is released.
        if event.id == nil { event.id = stem.description }
        let bytes = try encode(event)
        do throws(SpoolWriteError) {
            var file = try writer.begin(.event)
            try file.append(bytes.span)
            let random = HeldName.random()
            let receipt = Receipt(
                id: "\(event.id ?? stem.description).\(random)", path: path(of: stem.held(random, .event)),
                sizeBytes: bytes.count, events: 1, isNew: true)
            return Publication(try file.ready(held: stem, random), receipt, in: writer.directory)
        } catch {
            throw PublishError(error, directory: writer.directory)
        }
    }

    /// Finds an event that is held; only the rename is left to do.
    package func prepareRelease(_ word: String) throws(PublishError) -> Publication {
        let writer = try writer()
        guard let held = writer.held(word) else {
            throw nothing("is held", word, advice: Self.heldAdvice)
        }
        let entry = SpoolEntry(stem: held.stem, isNew: true)
        return Publication(
            receipt(entry, suffix: held.suffix, id: held.id, sizeBytes: 0, events: 1), in: writer, held: held)
    }
}
