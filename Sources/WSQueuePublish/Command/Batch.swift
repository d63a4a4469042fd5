internal import WSQueueSpool
internal import WSQueueSystem

/// A batch on its way into the queue: all of it is published, or nothing.
package struct Batch: ~Copyable {
    private let publisher: Publisher
    private let directory: Directory
    private var file: BatchFileWriter
    private let limitBytes = BatchFileWriter.defaultLimitBytes

    /// Begins a batch; the queue directory must be there.
    package init(_ publisher: Publisher) throws(PublishError) {
        self.publisher = publisher
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
    /// - Returns: `nil` when it was nothing: then there is no file.
    package consuming func publish(events: Int) throws(PublishError) -> Receipt? {
        let (publisher, directory, sizeBytes) = (publisher, directory, file.sizeBytes)
        do {
            guard let stem = try file.publish() else { return nil }
            return publisher.receipt(stem, suffix: .batch, id: nil, sizeBytes: sizeBytes, events: events)
        } catch {
            throw PublishError(error, directory: directory)
        }
    }
}
