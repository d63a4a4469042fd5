package import WSQueueCore

/// The contents of `<name>.json`: one event.
package enum EventFile {
    /// Makes the contents of a file, checked as the server checks them.
    ///
    /// - Parameters:
    ///   - unixNanoseconds: When the event is queued.
    ///   - limitBytes: The largest file the server takes.
    package static func encode(
        _ event: Event, queuedAt unixNanoseconds: Int64, limitBytes: Int = Event.defaultLimitBytes
    ) throws(EventRefusal) -> [UInt8] {
        // The size first: what is far too large is not worth reading.
        guard event.payload.count <= limitBytes else { throw .size(limitBytes: limitBytes) }
        try event.check()
        var bytes: [UInt8] = []
        event.encode(into: &bytes, queuedAt: unixNanoseconds)
        // So that it is a line for cat(1) and grep(1).
        bytes.append(UInt8(ascii: "\n"))
        guard bytes.count <= limitBytes else { throw .size(limitBytes: limitBytes) }
        return bytes
    }

    /// Reads the contents of a file.
    package static func decode(_ bytes: borrowing Span<UInt8>) throws(EventFault) -> EventText {
        try EventText.decode(bytes)
    }
}
