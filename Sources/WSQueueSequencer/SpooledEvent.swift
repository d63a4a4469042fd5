package import WSQueueBroker
package import WSQueueCore
package import WSQueueLog
internal import WSQueueSpool
package import WSQueueSystem
package import WSQueueWire

/// An event as it came out of the spool: its text, and what its file says where the text says nothing.
package struct SpooledEvent {
    package let text: EventText
    /// The id of an event that has none of its own: the name of its file without the suffix, with the file's mtime where
    /// the name may be used again, and its line in a batch; UTF-8.
    package let fileID: [UInt8]
    /// Whether it is a line of a batch.
    package let isLine: Bool
    /// Who has published it; `nil` where a server before 0.2 has put it into the shared stream.
    package let owner: EventOwner?
    /// Which bytes it came in, where its file's id alone does not tell it apart from others.
    package let fingerprint: JournalRecord.Fingerprint?
    /// The time by which its file is ordered, Unix nanoseconds.
    package let nanoseconds: Int64
    /// The file's name; `nil` where it was another server's.
    package let fileName: FileName?
    /// When the file was changed last.
    package let modifiedNanoseconds: Int64

    /// An event of a file, or of a line of it.
    ///
    /// - Parameters:
    ///   - bytes: The text that the event was decoded from.
    ///   - line: Its line in a batch.
    package init(_ text: EventText, in bytes: Span<UInt8>, of source: FileSource, line: Int? = nil) {
        self.text = text
        isLine = line != nil
        fileID = line.map { FileEventID.make(batch: source.id, line: $0) } ?? source.id
        owner = source.owner
        fingerprint =
            source.hasReusableName && (line != nil || text.id == nil) ? JournalRecord.Fingerprint(bytes) : nil
        nanoseconds = source.file.nanoseconds
        fileName = source.file.name
        modifiedNanoseconds = source.modifiedNanoseconds
    }

    /// An event that is in no file, but called as if it were in one whose name is used once.
    package init(
        text: EventText, stem: [UInt8], nanoseconds: Int64, modifiedNanoseconds: Int64, owner: EventOwner = .unknown
    ) {
        self.text = text
        isLine = false
        fileID = stem
        self.owner = owner
        fingerprint = nil
        self.nanoseconds = nanoseconds
        fileName = nil
        self.modifiedNanoseconds = modifiedNanoseconds
    }

    /// An event of the stream that several servers share.
    package init(text: EventText, entry: StreamEntry) {
        self.text = text
        isLine = entry.isLine
        fileID = entry.id
        owner = entry.owner.map(EventOwner.init)
        let isReusable = FileEventID.hasTime(entry.id.span, modifiedNanoseconds: entry.stamp)
        fingerprint =
            owner != nil && isReusable && (isLine || text.id == nil)
            ? JournalRecord.Fingerprint(entry.event.span) : nil
        nanoseconds = entry.nanoseconds
        fileName = nil
        modifiedNanoseconds = entry.stamp
    }

    /// The same event under another id of its file.
    package init(_ other: SpooledEvent, fileID: [UInt8]) {
        text = other.text
        isLine = other.isLine
        self.fileID = fileID
        owner = other.owner
        fingerprint = other.fingerprint
        nanoseconds = other.nanoseconds
        fileName = other.fileName
        modifiedNanoseconds = other.modifiedNanoseconds
    }

    /// What tells it apart from all others.
    package func identity(in bytes: Span<UInt8>) -> JournalRecord.Identity {
        guard let label = text.idLabel(in: bytes) else { return fileIdentity }
        return owner.map { JournalRecord.Identity(id: label.bytes, owner: $0) }
            ?? JournalRecord.Identity(id: label.bytes, stamp: 0)
    }

    /// What tells its line of a batch apart from all others, where its identity does not.
    package var lineIdentity: JournalRecord.Identity? { !isLine || text.id == nil ? nil : fileIdentity }

    /// Whether it is a line of a batch that says an id of its own.
    package var hasLineID: Bool { isLine && text.id != nil }

    /// What it, or its line of a batch, is known by where its own id does not count.
    package var fileIdentity: JournalRecord.Identity {
        owner.map { JournalRecord.Identity(id: fileID, owner: $0) }
            ?? JournalRecord.Identity(id: fileID, stamp: modifiedNanoseconds)
    }

    /// What it, or its line of a batch, was known by to servers before 0.2.
    package var ownerlessFileIdentity: JournalRecord.Identity {
        let id = fingerprint == nil ? fileID : FileEventID.withoutTime(fileID)
        return JournalRecord.Identity(id: id, stamp: modifiedNanoseconds)
    }

    /// What it was known by to servers before 0.2.
    package func ownerlessIdentity(in bytes: Span<UInt8>) -> JournalRecord.Identity {
        text.idLabel(in: bytes).map { JournalRecord.Identity(id: $0.bytes, stamp: 0) } ?? ownerlessFileIdentity
    }

    /// Whether its text says its id.
    package var hasOwnID: Bool { text.id != nil }

    /// What goes with its own members into the message for clients.
    package func fields(seq: UInt64, channel: Channel?) -> EventMessageFields {
        EventMessageFields(
            unixSeconds: nanoseconds / 1_000_000_000, id: text.id == nil ? fileID : [], seq: seq,
            channel: channel)
    }

    /// Whom it is for.
    package var addressing: Broker.Addressing {
        Broker.Addressing(
            channels: text.channels.map(\.name), recipients: text.recipients.map { $0.map(\.text) },
            except: text.exceptions)
    }

    /// How long it has waited, nanoseconds; 0 where clocks disagree or what it says is no possible time.
    ///
    /// What it says, or its name, may be nonsense: where that lies more than a year from the time of its file, the one of
    /// both that is nearer to now counts.
    package func waited(until unix: Int64) -> Int64 {
        Self.wait(since: text.queuedAtMicroseconds, nanoseconds, modifiedNanoseconds, until: unix)
    }

    /// The same of any event.
    ///
    /// - Parameters:
    ///   - queuedAt: What it says, Unix microseconds.
    ///   - nanoseconds: The time by which its file is ordered.
    ///   - modifiedNanoseconds: When its file was changed last.
    package static func wait(
        since queuedAt: Int64?, _ nanoseconds: Int64, _ modifiedNanoseconds: Int64, until unix: Int64
    ) -> Int64 {
        let said = wait(since: queuedAt ?? nanoseconds / 1_000, until: unix)
        let written = wait(since: modifiedNanoseconds / 1_000, until: unix)
        let isNonsense = distance(said, written) > yearMicroseconds
        let wait = isNonsense && written.magnitude < said.magnitude ? written : said
        guard wait > 0, wait < Int64.max / 1_000 else { return 0 }
        return wait * 1_000
    }

    private static let yearMicroseconds: UInt64 = 366 * 86_400 * 1_000_000

    /// Microseconds; what is too long for that is the longest there is.
    private static func wait(since microseconds: Int64, until unix: Int64) -> Int64 {
        let (wait, isTooLong) = (unix / 1_000).subtractingReportingOverflow(microseconds)
        return isTooLong ? .max : wait
    }

    private static func distance(_ one: Int64, _ other: Int64) -> UInt64 {
        let (difference, isTooLarge) = one.subtractingReportingOverflow(other)
        return isTooLarge ? .max : difference.magnitude
    }

    /// The id for people.
    package func id(in bytes: Span<UInt8>) -> String {
        text.idLabel(in: bytes)?.text ?? String(decoding: fileID, as: UTF8.self)
    }

    /// The event's name for people.
    package func name(in bytes: Span<UInt8>) -> String { text.eventName(in: bytes).text }
}
