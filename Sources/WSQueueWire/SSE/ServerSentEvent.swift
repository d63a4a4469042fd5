internal import WSQueueCore

/// The lines of an event stream (HTML Living Standard, section 9.2).
///
/// A message is the `data` of an unnamed event, so that `onmessage` gets it whatever event it carries, unless names are
/// asked for; its `id` is the cursor after it.
package enum ServerSentEvent {
    /// Says nothing, and keeps proxies from taking the connection for a dead one.
    package static let comment = Array(":\n\n".utf8)

    /// Appends a message.
    ///
    /// - Parameters:
    ///   - data: Its text. A line end inside, which JSON allows between its tokens, becomes the next line of `data`; a
    ///     reader joins them with LF.
    ///   - name: What listeners know it by, without line ends; `nil` is for those of `message`.
    ///   - id: Where its reader stands after it, without line ends; `nil` leaves that as it was.
    package static func append(
        _ data: Span<UInt8>, name: [UInt8]? = nil, id: String? = nil, to bytes: inout [UInt8]
    ) {
        if let id { bytes.append("id: \(id)\n") }
        if let name {
            bytes.append("event: ")
            bytes += name
            bytes.append("\n")
        }
        bytes.append("data: ")
        var start = 0
        var index = 0
        while index < data.count {
            let byte = data[index]
            index += 1
            guard byte == ASCII.lineFeed || byte == ASCII.carriageReturn else { continue }
            bytes.append(data, start..<index - 1)
            if byte == ASCII.carriageReturn, index < data.count, data[index] == ASCII.lineFeed { index += 1 }
            bytes.append("\ndata: ")
            start = index
        }
        bytes.append(data, start..<data.count)
        bytes.append("\n\n")
    }

    /// A message by itself.
    package static func message(_ data: Span<UInt8>, id: String? = nil) -> [UInt8] {
        var bytes: [UInt8] = []
        append(data, id: id, to: &bytes)
        return bytes
    }

    /// Tells a reader where it stands without giving it a message.
    package static func position(_ id: String) -> [UInt8] { Array("id: \(id)\n\n".utf8) }

    /// Tells a reader how long to wait before it comes back.
    package static func retry(milliseconds: Int) -> [UInt8] { Array("retry: \(milliseconds)\n\n".utf8) }
}
