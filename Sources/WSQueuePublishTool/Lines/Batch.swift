package import WSQueuePublish
internal import WSQueueSpool
internal import WSQueueSystem

/// A batch on its way into the queue: all of it is published, or nothing.
package struct Batch: ~Copyable {
    private let publisher: Publisher
    private let directory: Directory
    private let place: SpoolPlace
    private var file: BatchFileWriter
    private let limitBytes = BatchFileWriter.defaultLimitBytes

    /// Begins a batch; the queue directory must be there.
    ///
    /// - Parameter due: When it is due, Unix nanoseconds; `nil` for at once.
    package init(_ publisher: Publisher, due: Int64? = nil) throws(PublishError) {
        self.publisher = publisher
        place = SpoolPlace(dueNanoseconds: due)
        let writer = try publisher.writer()
        directory = writer.directory
        file = BatchFileWriter(writer)
    }

    /// Appends checked lines, each with its end.
    package mutating func append(_ lines: [UInt8]) throws(PublishError) {
        guard file.sizeBytes + lines.count <= limitBytes else { throw PublishError(batchOver: limitBytes) }
        do {
            try file.append(lines[...])
        } catch {
            throw PublishError(error, directory: directory)
        }
    }

    /// Publishes what was appended.
    ///
    /// - Parameter events: How many lines that are.
    package consuming func publish(events: Int) throws(PublishError) {
        if let publication = try ready(events: events) { try publication.finish() }
    }

    /// Ends the batch: only the rename is left to do.
    ///
    /// - Parameter events: How many lines were appended.
    /// - Returns: `nil` when it was nothing: then there is no file.
    package consuming func ready(events: Int) throws(PublishError) -> Publication? {
        let (publisher, directory, place, sizeBytes) = (publisher, directory, place, file.sizeBytes)
        do throws(SpoolWriteError) {
            guard let ready = try file.ready(at: place) else { return nil }
            let receipt = publisher.receipt(
                ready.entry, suffix: .batch, id: nil, sizeBytes: sizeBytes, events: events)
            return Publication(ready, receipt, in: directory)
        } catch {
            throw PublishError(error, directory: directory)
        }
    }
}
