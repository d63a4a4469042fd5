internal import WSQueueSystem

/// The contents of `<name>.jsonl`: an event a line.
///
/// Lines end with LF; a CR before it and blanks are white space of JSON. Lines with nothing but white space are no
/// events, but they count: a line keeps the number an editor shows.
package struct BatchLines {
    /// One line that is not blank.
    package struct Line: Equatable, Sendable {
        /// Where it is in the bytes, without the line's end and the white space around it.
        package let range: Range<Int>
        /// Its number, counted from 1.
        package let number: Int
    }

    private var position: Int
    private var number: Int

    /// Begins in some bytes.
    ///
    /// - Parameters:
    ///   - linesBefore: How many lines came before.
    ///   - start: Where in the bytes it begins.
    package init(linesBefore: Int = 0, from start: Int = 0) {
        number = linesBefore
        position = start
    }

    /// How many lines have been passed, blank ones included.
    package var count: Int { number }

    /// The next line that is not blank.
    ///
    /// - Parameter bytes: The same bytes at each call. The end of the bytes ends the last line.
    package mutating func next(in bytes: borrowing Span<UInt8>) -> Line? {
        while position < bytes.count {
            let end = Self.lineEnd(in: bytes, from: position)
            let range = Self.trimmed(position..<end, in: bytes)
            position = end + 1
            number += 1
            if !range.isEmpty { return Line(range: range, number: number) }
        }
        return nil
    }

    /// Where the line that begins at `start` ends: at its LF, or at the end of the bytes.
    package static func lineEnd(in bytes: borrowing Span<UInt8>, from start: Int) -> Int {
        bytes.firstOffset(of: lineFeed, from: start) ?? bytes.count
    }

    /// `range` without white space of JSON at both ends (RFC 8259, section 2).
    package static func trimmed(_ range: Range<Int>, in bytes: borrowing Span<UInt8>) -> Range<Int> {
        var (start, end) = (range.lowerBound, range.upperBound)
        while start < end, isWhiteSpace(bytes[start]) { start += 1 }
        while start < end, isWhiteSpace(bytes[end - 1]) { end -= 1 }
        return start..<end
    }

    private static let lineFeed = UInt8(ascii: "\n")

    private static func isWhiteSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09
    }
}

/// Writes a batch of any length through a buffer. The file is made when the buffer is full for the first time, so that
/// a small batch touches the disk only when all of it is known to be good.
package struct BatchFileWriter: ~Copyable {
    /// How many bytes the batch has so far.
    package private(set) var sizeBytes = 0
    private let writer: SpoolWriter
    private var file: SpoolFile?
    private var buffer: [UInt8] = []

    /// The largest batch the server takes.
    package static let defaultLimitBytes = 64 * 1_048_576

    private static let bufferBytes = 262_144

    /// Begins a batch. Nothing is made yet.
    package init(_ writer: SpoolWriter) {
        self.writer = writer
        buffer.reserveCapacity(Self.bufferBytes)
    }

    /// Appends bytes, of which every line that is not blank is an event; the caller has checked them.
    package mutating func append(_ bytes: ArraySlice<UInt8>) throws(SpoolWriteError) {
        sizeBytes += bytes.count
        if buffer.count + bytes.count > Self.bufferBytes { try flush() }
        buffer.append(contentsOf: bytes)
    }

    /// Makes the batch visible.
    ///
    /// - Returns: Its name without the suffix; `nil`, and no file, when nothing was appended.
    package consuming func publish(at place: SpoolPlace = SpoolPlace()) throws(SpoolWriteError) -> SpoolStem? {
        guard sizeBytes > 0 else { return nil }
        try flush()
        guard let file = file.take() else { return nil }
        return try file.publish(at: place).stem
    }

    /// Ends writing: only the rename is left to do.
    ///
    /// - Returns: `nil`, and no file, when nothing was appended.
    package consuming func ready(at place: SpoolPlace) throws(SpoolWriteError) -> ReadyFile? {
        guard sizeBytes > 0 else { return nil }
        try flush()
        guard let file = file.take() else { return nil }
        return try file.ready(at: place)
    }

    private mutating func flush() throws(SpoolWriteError) {
        guard !buffer.isEmpty else { return }
        var open = if let file = file.take() { file } else { try writer.begin(.batch) }
        try open.append(buffer.span)
        file = consume open
        buffer.removeAll(keepingCapacity: true)
    }
}
