/// Reads the head of an HTTP/1 request from pieces of any length (RFC 9112).
///
/// Strict, because it stands at the edge: what two readers might understand in two ways is refused. Each line is
/// checked as soon as it is complete, and the bytes after the head stay with the caller.
package struct RequestParser: Sendable {
    /// The most bytes of a head that anybody needs: the default limit.
    package static let defaultLimitBytes = 16 * 1024

    private let limitBytes: Int
    private var head = RequestHead()
    private var lineStart = 0
    private var hasRequestLine = false

    /// Makes a parser that stands before a request.
    ///
    /// - Parameter limitBytes: The most bytes of request line and fields together.
    package init(limitBytes: Int = RequestParser.defaultLimitBytes) {
        self.limitBytes = limitBytes
    }

    /// Takes what has arrived.
    ///
    /// - Parameter bytes: The next bytes of the connection, any number.
    /// - Returns: The head and how many of `bytes` belong to it; or `nil` when all were taken and more are needed. The
    ///   parser then stands before the next request.
    /// - Throws: ``RequestError``, after which the connection has no meaning any more: answer and close.
    package mutating func receive(
        _ bytes: Span<UInt8>
    ) throws(RequestError) -> (head: RequestHead, consumed: Int)? {
        for index in bytes.indices {
            guard try take(bytes[index]) else { continue }
            try head.checkHost()
            try head.decideBody()
            let finished = head
            self = RequestParser(limitBytes: limitBytes)
            return (finished, index + 1)
        }
        return nil
    }

    /// Whether a request has begun, so that its end is worth waiting for.
    package var isInsideRequest: Bool { !head.bytes.isEmpty }

    // Returns whether the byte ended the head.
    private mutating func take(_ byte: UInt8) throws(RequestError) -> Bool {
        if head.bytes.isEmpty, byte == 0x16 { throw .encrypted }
        guard head.bytes.count < limitBytes else {
            throw hasRequestLine ? .headTooLong(limit: limitBytes) : .targetTooLong(limit: limitBytes)
        }
        // LF after CR and nowhere else, CR before LF and nowhere else.
        guard (head.bytes.last == ASCII.carriageReturn) == (byte == ASCII.lineFeed) else { throw .bareLineEnd }
        head.append(byte)
        guard byte == ASCII.lineFeed else { return false }
        let line = lineStart..<head.bytes.count - 2
        lineStart = head.bytes.count
        return try takeLine(line)
    }

    private mutating func takeLine(_ line: Range<Int>) throws(RequestError) -> Bool {
        guard hasRequestLine else {
            // Some clients send an empty line after a body (RFC 9112, section 2.2).
            guard !line.isEmpty else { return false }
            try head.parseRequestLine(line)
            hasRequestLine = true
            return false
        }
        guard !line.isEmpty else { return true }
        try head.parseField(line)
        return false
    }
}
