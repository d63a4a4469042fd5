internal import WSQueueBroker
internal import WSQueueCore
internal import WSQueueLog
internal import WSQueueSpool
internal import WSQueueSystem
internal import WSQueueWire

/// An event as it came out of the spool: its text, and what its file says where the text says nothing.
struct SpooledEvent {
    let text: EventText
    /// The id of an event that has none of its own: the name of its file without the suffix, and its line in a batch;
    /// UTF-8.
    let fileID: [UInt8]
    /// Whether it is a line of a batch.
    let isLine: Bool
    /// The time by which its file is ordered, Unix nanoseconds.
    let nanoseconds: Int64
    /// The file's name; `nil` where it was another server's.
    let fileName: FileName?
    /// When the file was changed last.
    let modifiedNanoseconds: Int64

    /// An event of a file, or of a line of it.
    ///
    /// - Parameters:
    ///   - stem: The name of its file without the suffix, UTF-8.
    ///   - line: Its line in a batch.
    init(text: EventText, stem: [UInt8], line: Int? = nil, file: PendingFile, modifiedNanoseconds: Int64) {
        self.text = text
        isLine = line != nil
        fileID = line.map { Self.id(stem: stem, line: $0) } ?? stem
        nanoseconds = file.nanoseconds
        fileName = file.name
        self.modifiedNanoseconds = modifiedNanoseconds
    }

    /// An event of the stream that several servers share.
    init(text: EventText, entry: StreamEntry) {
        self.text = text
        isLine = entry.isLine
        fileID = entry.id
        nanoseconds = entry.nanoseconds
        fileName = nil
        modifiedNanoseconds = entry.stamp
    }

    /// What tells it apart from all others. An id that is only a file's name may be used again.
    func identity(in bytes: Span<UInt8>) -> JournalRecord.Identity {
        if let label = text.idLabel(in: bytes) { return JournalRecord.Identity(id: label.bytes, stamp: 0) }
        return JournalRecord.Identity(id: fileID, stamp: modifiedNanoseconds)
    }

    /// What tells its line of a batch apart from all others, where its identity does not.
    var lineIdentity: JournalRecord.Identity? {
        !isLine || text.id == nil ? nil : JournalRecord.Identity(id: fileID, stamp: modifiedNanoseconds)
    }

    /// What goes with its own members into the message for clients.
    func fields(seq: UInt64, channel: String?) -> EventMessageFields {
        EventMessageFields(
            unixSeconds: nanoseconds / 1_000_000_000, id: text.id == nil ? fileID : [], seq: seq,
            channel: channel.flatMap { Channel($0) })
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
    var addressing: Broker.Addressing {
        Broker.Addressing(
            channels: text.channels.map(\.name), recipients: text.recipients.map { $0.map(\.text) },
            except: text.except)
    }

    /// How long it has waited, nanoseconds; 0 where clocks disagree or what it says is no possible time.
    func waited(until unix: Int64) -> Int64 {
        let microseconds = text.queuedAtMicroseconds ?? nanoseconds / 1_000
        let (wait, isTooLong) = (unix / 1_000).subtractingReportingOverflow(microseconds)
        guard !isTooLong, wait > 0, wait < Int64.max / 1_000 else { return 0 }
        return wait * 1_000
    }

    /// The id for people.
    func id(in bytes: Span<UInt8>) -> String {
        text.idLabel(in: bytes)?.text ?? String(decoding: fileID, as: UTF8.self)
    }

    /// The event's name for people.
    func name(in bytes: Span<UInt8>) -> String { text.eventName(in: bytes).text }
}
