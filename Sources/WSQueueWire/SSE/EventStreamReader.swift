internal import WSQueueCore

/// Reads Server-Sent Events from pieces of any length (HTML Living Standard, section 9.2.6).
package struct EventStreamReader: Sendable {
    /// What a blank line ends.
    package struct Message: Equatable, Sendable {
        /// The lines of `data`, with LF between them; `nil` where there is nothing but an `id`.
        package let data: [UInt8]?
        /// The last `id` so far: where the reader stands after this.
        package let id: String
        /// Whether it has that `id` itself.
        package let isPlace: Bool
    }

    /// The last `id` that a blank line has confirmed.
    package private(set) var lastID = ""
    /// How long to wait before coming back, as the sender wants it.
    package private(set) var retryMilliseconds: Int?
    /// No line and no message of our server is longer; what is longer is no stream of events.
    private static let limitBytes = 64 * 1_048_576

    private var line: [UInt8] = []
    private var data: [UInt8] = []
    private var hasData = false
    private var hasID = false
    private var id = ""
    private var isBehindReturn = false
    private var isAtStart = true

    /// Stands at the beginning of a stream.
    package init() {}

    /// Whether more has come without an end than can be meant.
    package var isOverfull: Bool { line.count + data.count > Self.limitBytes }

    /// Takes what has arrived.
    ///
    /// - Returns: The messages that are whole with it.
    package mutating func receive(_ bytes: [UInt8]) -> [Message] {
        var messages: [Message] = []
        for byte in bytes {
            // CR LF is one line end, also where a piece ends between them.
            if byte == ASCII.lineFeed, isBehindReturn {
                isBehindReturn = false
                continue
            }
            isBehindReturn = byte == ASCII.carriageReturn
            guard byte == ASCII.lineFeed || isBehindReturn else {
                line.append(byte)
                continue
            }
            if let message = takeLine() { messages.append(message) }
            line.removeAll(keepingCapacity: true)
        }
        return messages
    }

    private mutating func takeLine() -> Message? {
        if isAtStart, line.starts(with: [0xEF, 0xBB, 0xBF]) { line.removeFirst(3) }
        isAtStart = false
        guard !line.isEmpty else { return dispatch() }
        let colon = line.firstIndex(of: ASCII.colon) ?? line.endIndex
        var value = line[min(colon + 1, line.endIndex)...]
        if value.first == ASCII.space { value.removeFirst() }
        switch String(decoding: line[..<colon], as: UTF8.self) {
        case "data":
            data += value
            data.append(ASCII.lineFeed)
            hasData = true
        case "id" where !value.contains(0):
            id = String(decoding: value, as: UTF8.self)
            hasID = true
        case "retry":
            let digits = String(decoding: value, as: UTF8.self)
            if digits.utf8.allSatisfy(ASCII.isDigit), let number = Int(digits) { retryMilliseconds = number }
        default: break
        }
        return nil
    }

    private mutating func dispatch() -> Message? {
        lastID = id
        guard hasData || hasID else { return nil }
        defer {
            data.removeAll(keepingCapacity: data.count < 65_536)
            (hasData, hasID) = (false, false)
        }
        return Message(data: hasData ? Array(data.dropLast()) : nil, id: id, isPlace: hasID)
    }
}
