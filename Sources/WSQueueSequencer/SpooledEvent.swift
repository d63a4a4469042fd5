package import WSQueueBroker
package import WSQueueCore
package import WSQueueLog
package import WSQueueSpool
package import WSQueueSystem
package import WSQueueWire

/// An event as it came out of the spool: its text, and what its file says where the text says nothing.
package struct SpooledEvent {
    package let text: EventText
    /// The id of an event that has none of its own: the name of its file without the suffix, and its line in a batch;
    /// UTF-8.
    package let fileID: [UInt8]
    /// Whether it is a line of a batch.
    package let isLine: Bool
    /// The time by which its file is ordered, Unix nanoseconds.
    package let nanoseconds: Int64
    /// The file's name; `nil` where it was another server's.
    package let fileName: FileName?
    /// When the file was changed last.
    package let modifiedNanoseconds: Int64

    /// An event of a file, or of a line of it.
    ///
    /// - Parameters:
    ///   - stem: The name of its file without the suffix, UTF-8.
    ///   - line: Its line in a batch.
    package init(text: EventText, stem: [UInt8], line: Int? = nil, file: PendingFile, modifiedNanoseconds: Int64) {
        self.text = text
        isLine = line != nil
        fileID = line.map { Self.id(stem: stem, line: $0) } ?? stem
        nanoseconds = file.nanoseconds
        fileName = file.name
        self.modifiedNanoseconds = modifiedNanoseconds
    }

    /// An event that is in no file.
    package init(text: EventText, stem: [UInt8], nanoseconds: Int64, modifiedNanoseconds: Int64) {
        self.text = text
        isLine = false
        fileID = stem
        self.nanoseconds = nanoseconds
        fileName = nil
        self.modifiedNanoseconds = modifiedNanoseconds
    }

    /// An event of the stream that several servers share.
    package init(text: EventText, entry: StreamEntry) {
        self.text = text
        isLine = entry.isLine
        fileID = entry.id
        nanoseconds = entry.nanoseconds
        fileName = nil
        modifiedNanoseconds = entry.stamp
    }

    /// What tells it apart from all others. An id that is only a file's name may be used again.
    package func identity(in bytes: Span<UInt8>) -> JournalRecord.Identity {
        if let label = text.idLabel(in: bytes) { return JournalRecord.Identity(id: label.bytes, stamp: 0) }
        return JournalRecord.Identity(id: fileID, stamp: modifiedNanoseconds)
    }

    /// What tells its line of a batch apart from all others, where its identity does not.
    package var lineIdentity: JournalRecord.Identity? {
        !isLine || text.id == nil ? nil : JournalRecord.Identity(id: fileID, stamp: modifiedNanoseconds)
    }

    /// What goes with its own members into the message for clients.
    package func fields(seq: UInt64, channel: Channel?) -> EventMessageFields {
        EventMessageFields(
            unixSeconds: nanoseconds / 1_000_000_000, id: text.id == nil ? fileID : [], seq: seq,
            channel: channel)
    }

    private static func id(stem: [UInt8], line: Int) -> [UInt8] {
        var id: [UInt8] = []
        id.reserveCapacity(stem.count + 8)
        id += stem
        id.append(UInt8(ascii: "/"))
        JSONWriter.write(Int64(line), into: &id)
        return id
    }

    /// Whom it is for.
    package var addressing: Broker.Addressing {
        Broker.Addressing(
            channels: text.channels.map(\.name), recipients: text.recipients.map { $0.map(\.text) },
            except: text.exceptions)
    }

    /// How long it has waited, nanoseconds; 0 where clocks disagree or what it says is no possible time.
    package func waited(until unix: Int64) -> Int64 {
        let microseconds = text.queuedAtMicroseconds ?? nanoseconds / 1_000
        let (wait, isTooLong) = (unix / 1_000).subtractingReportingOverflow(microseconds)
        guard !isTooLong, wait > 0, wait < Int64.max / 1_000 else { return 0 }
        return wait * 1_000
    }

    /// The id for people.
    package func id(in bytes: Span<UInt8>) -> String {
        text.idLabel(in: bytes)?.text ?? String(decoding: fileID, as: UTF8.self)
    }

    /// The event's name for people.
    package func name(in bytes: Span<UInt8>) -> String { text.eventName(in: bytes).text }
}
