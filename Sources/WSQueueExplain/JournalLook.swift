internal import WSQueueCommandLine
internal import WSQueueCore
internal import WSQueueLog
internal import WSQueueSystem

/// An event as the journal knows it.
struct JournaledEvent: Sendable {
    let seq: UInt64
    let unixNanoseconds: Int64
    let epoch: String
    let id: [UInt8]
    /// Who has published it; `nil` where no one can tell.
    let publisher: String?
    let name: String
    let channels: [String]
    /// How many users it was for; `nil` is all.
    let recipients: Int?
    let isExcepting: Bool
    let key: String?
    /// Which bytes it came in, where its file's name may be used again.
    let fingerprint: JournalRecord.Fingerprint?
    /// Whether it was sent; else its number bears no event.
    let isSent: Bool
    /// Whether its record has been trimmed, and only the state of its key is left.
    let isStateOnly: Bool
}

/// Looks for an event in the journal of a queue, which a server may be writing.
struct JournalLook {
    /// The newest of those that were found.
    private(set) var events: [JournaledEvent] = []
    /// How many there are.
    private(set) var count = 0
    let extent: JournalArchive.Extent

    /// So many are kept: a name that is used again may have had any number of events.
    private static let limit = 1_000

    /// Reads all of it.
    ///
    /// - Parameters:
    ///   - isMeant: Of which ids something is wanted.
    ///   - isWanted: Which of their events are.
    init(
        _ directory: Directory, where isMeant: ([UInt8]) -> Bool, _ isWanted: (JournaledEvent) -> Bool
    ) throws(SystemCallError) {
        let archive = JournalArchive(directory)
        var found = Fifo<JournaledEvent>()
        var count = 0
        extent = try archive.read { text, bytes, epoch in
            let id = text.id(in: bytes.span)
            guard !id.isEmpty, text.kind != .news, isMeant(id) else { return }
            let event = Self.event(text, bytes, epoch)
            guard isWanted(event) else { return }
            count += 1
            found.append(event)
            if found.count > Self.limit { _ = found.popFirst() }
        }
        for event in try archive.keptEvents(of: extent) where event.seq <= extent.precedingSeq {
            guard let fields = JSONFields(event.message), let id = fields.text("id"), isMeant(Array(id.utf8)) else {
                continue
            }
            if events.contains(where: { $0.seq == event.seq }) { continue }
            count += 1
            events.append(
                JournaledEvent(
                    seq: event.seq, unixNanoseconds: event.unixNanoseconds, epoch: extent.epoch, id: Array(id.utf8),
                    publisher: nil, name: fields.text("event") ?? "", channels: event.channels, recipients: nil,
                    isExcepting: false, key: String(decoding: event.key, as: UTF8.self), fingerprint: nil,
                    isSent: true, isStateOnly: true))
        }
        while let event = found.popFirst() { events.append(event) }
        self.count = count
    }

    private static func event(_ text: JournalRecordText, _ bytes: [UInt8], _ epoch: String) -> JournaledEvent {
        let record = text.record(in: bytes.span)
        let owner = record.identity.owner.map { String(decoding: $0.name, as: UTF8.self) } ?? ""
        let name = JSONFields(Array(bytes[text.message]))?.text("event") ?? ""
        return JournaledEvent(
            seq: text.seq, unixNanoseconds: text.unixNanoseconds, epoch: epoch, id: record.identity.id,
            publisher: owner.isEmpty ? nil : UInt32(owner).map { Account.userName($0) ?? "uid \(owner)" } ?? owner,
            name: name, channels: text.channels, recipients: text.recipients?.count,
            isExcepting: !text.excepts.isEmpty || !text.exceptedUsers.isEmpty,
            key: text.key.map { String(decoding: bytes[$0], as: UTF8.self) },
            fingerprint: record.parts.fingerprint, isSent: text.kind != .leftOut, isStateOnly: false)
    }
}
