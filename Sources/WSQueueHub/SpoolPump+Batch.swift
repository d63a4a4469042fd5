internal import WSQueueCore
internal import WSQueueSpool
internal import WSQueueSystem

extension SpoolPump {
    /// A batch that is being appended line by line, its file already checked as a whole.
    struct Batch {
        let file: PendingFile
        let stem: [UInt8]
        let contents: [UInt8]
        var lines = BatchLines()
        let status: FileStatus
        let reader: SpoolReader
        /// Up to this line the journal has it, from a server that did not come to its end.
        let knownLines: Int
        /// What the check has read of the first so many lines, so that they need not be read again.
        let texts: [EventText]
        private var next = 0

        /// At most so many, about 7 MB while the batch is appended.
        static let keptTexts = 131_072

        init(
            file: PendingFile, stem: [UInt8], contents: [UInt8], status: FileStatus, reader: SpoolReader,
            knownLines: Int, texts: [EventText]
        ) {
            self.file = file
            self.stem = stem
            self.contents = contents
            self.status = status
            self.reader = reader
            self.knownLines = knownLines
            self.texts = texts
        }

        /// The event in the next line that is not blank; to be called for each of them in order.
        mutating func nextText(_ line: Span<UInt8>) -> EventText? {
            defer { next += 1 }
            // The whole file was checked before its first line was appended.
            return next < texts.count ? texts[next] : try? EventFile.decode(line)
        }
    }
}
