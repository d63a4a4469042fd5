/// Reads the body of a request from pieces of any length (RFC 9112, sections 6 and 7.1).
package struct RequestBodyReader: Sendable {
    /// Why a body cannot be taken.
    package enum Fault: Error, Equatable, Sendable {
        /// It is longer than it may be.
        case tooLong(limit: Int)
        /// Chunks that are none.
        case malformedChunk
    }

    private enum State {
        /// How many bytes are still to come, of the whole or of a chunk.
        case data(Int, isChunk: Bool)
        /// The line with a chunk's size, as far as it has come.
        case size([UInt8])
        /// The line end after a chunk.
        case chunkEnd([UInt8])
        /// Fields after the last chunk, of which nothing is kept but how long they are.
        case trailer(line: [UInt8], total: Int)
        case done
    }

    /// What has been read.
    package private(set) var bytes: [UInt8] = []
    private var state: State
    private let limitBytes: Int

    /// A line with a chunk's size, its extensions included, and all fields after the last chunk.
    private static let lineLimitBytes = 256
    private static let trailerLimitBytes = 4_096

    /// Makes a reader that stands after a head.
    ///
    /// - Parameters:
    ///   - body: How it ends.
    ///   - limitBytes: The most that is taken.
    /// - Throws: ``Fault/tooLong(limit:)`` when the head says so already.
    package init(_ body: RequestBody, limitBytes: Int) throws(Fault) {
        self.limitBytes = limitBytes
        switch body {
        case .none: state = .done
        case .length(let count):
            guard count <= limitBytes else { throw .tooLong(limit: limitBytes) }
            state = .data(count, isChunk: false)
        case .chunked: state = .size([])
        }
    }

    /// Whether all of it is here.
    package var isDone: Bool {
        if case .done = state { return true }
        return false
    }

    /// Takes what has arrived; what lies after the body is left alone.
    package mutating func receive(_ input: Span<UInt8>) throws(Fault) {
        var position = 0
        while position < input.count, !isDone {
            if case .data(let left, let isChunk) = state {
                let count = min(left, input.count - position)
                bytes.append(input, position..<position + count)
                position += count
                if count < left {
                    state = .data(left - count, isChunk: isChunk)
                } else {
                    state = isChunk ? .chunkEnd([]) : .done
                }
            } else {
                try take(input[position])
                position += 1
            }
        }
    }

    /// Gives what has been read, and forgets it; the limit is then about what comes.
    mutating func takeBytes() -> [UInt8] {
        defer { bytes = [] }
        return bytes
    }

    private mutating func take(_ byte: UInt8) throws(Fault) {
        switch state {
        case .size(var line):
            line.append(byte)
            guard line.count <= Self.lineLimitBytes else { throw .malformedChunk }
            state = try Self.isEnded(line) ? sized(line) : .size(line)
        case .chunkEnd(var end):
            end.append(byte)
            guard Array("\r\n".utf8).starts(with: end) else { throw .malformedChunk }
            state = end.count == 2 ? .size([]) : .chunkEnd(end)
        case .trailer(var line, let total):
            line.append(byte)
            guard total < Self.trailerLimitBytes else { throw .malformedChunk }
            guard try Self.isEnded(line) else {
                state = .trailer(line: line, total: total + 1)
                return
            }
            state = line.count == 2 ? .done : .trailer(line: [], total: total + 1)
        case .data, .done: return
        }
    }

    /// What comes after a line with a chunk's size.
    private func sized(_ line: [UInt8]) throws(Fault) -> State {
        let text = line.dropLast(2)
        let digits = text.prefix { ASCII.hexadecimalValue($0) != nil }
        // After the size only an extension may stand; a size of more digits than this is too long anyway.
        guard !digits.isEmpty, digits.count == text.count || text[digits.endIndex] == UInt8(ascii: ";") else {
            throw .malformedChunk
        }
        guard digits.count <= 8 else { throw .tooLong(limit: limitBytes) }
        let size = digits.reduce(0) { $0 << 4 | Int(ASCII.hexadecimalValue($1) ?? 0) }
        if size == 0 { return .trailer(line: [], total: 0) }
        guard size <= limitBytes - bytes.count else { throw .tooLong(limit: limitBytes) }
        return .data(size, isChunk: true)
    }

    /// Whether a line has come to its CR LF; neither of them stands anywhere else.
    private static func isEnded(_ line: [UInt8]) throws(Fault) -> Bool {
        let isBehindReturn = line.count > 1 && line[line.count - 2] == ASCII.carriageReturn
        guard isBehindReturn == (line.last == ASCII.lineFeed) else { throw .malformedChunk }
        return isBehindReturn
    }
}
