internal import WSQueueCore
internal import WSQueueLog
internal import WSQueueSpool
internal import WSQueueSystem

/// A file of a queue that somebody asks about, and what it says.
package struct FoundFile: Sendable {
    /// What an event says.
    struct Contents: Sendable {
        let name: String
        let id: String?
        let channels: [String]
        let key: String?
        let expiresAtMicroseconds: Int64?
    }

    let item: SpoolItem
    let sizeBytes: Int64
    /// Whose it is: who has published the event.
    let owner: UInt32
    let modifiedNanoseconds: Int64
    /// Why it was set aside; `nil` where it was not.
    let reason: String?
    /// The first event in it; `nil` where it cannot be read, or is none.
    private(set) var contents: Contents?
    /// Why it is no event.
    private(set) var fault: String?
    /// Which bytes it has.
    private var fingerprint: JournalRecord.Fingerprint?
    /// Whether this user may read it.
    private(set) var isReadable = true

    /// Reads a file.
    init?(_ item: SpoolItem, _ keeper: SpoolKeeper, _ inventory: SpoolInventory) {
        guard let glance = inventory.glance(at: item) else { return nil }
        self.item = item
        reason = glance.reason
        do throws(SpoolKeeper.Fault) {
            let file = try keeper.open(item)
            guard let status = try? file.status(object: item.path) else { return nil }
            (sizeBytes, owner, modifiedNanoseconds) = (
                status.sizeBytes, status.owner, status.modifiedNanoseconds
            )
            var bytes: [UInt8] = []
            try? file.readAll(
                into: &bytes, sizeBytes: Int(clamping: status.sizeBytes), limitBytes: Self.limitBytes,
                object: item.path)
            fingerprint = JournalRecord.Fingerprint(bytes.span)
            read(bytes)
        } catch {
            guard let status = inventory.status(of: item) else { return nil }
            (sizeBytes, owner, modifiedNanoseconds) = (
                status.sizeBytes, status.owner, status.modifiedNanoseconds
            )
            switch error {
            case .notRegular(_, let kind): fault = "it is a \(kind), not a regular file"
            case .system(let cause) where cause.isPermission: isReadable = false
            case .notAName, .notFound, .taken, .system: return nil
            }
        }
    }

    /// Whether the journal's event is the one in this file: the id is the same, its publisher, and where the name may be
    /// used again the bytes are.
    func isSame(as event: JournaledEvent) -> Bool {
        if let fingerprint, let other = event.fingerprint, fingerprint != other { return false }
        guard isOf(event.id) else { return false }
        return event.publisher.map { $0 == publisher } ?? true
    }

    /// Who has published it.
    var publisher: String { Account.userName(owner) ?? "uid \(owner)" }

    /// Whether an event in it has this id, as far as the file tells.
    func isOf(_ id: [UInt8]) -> Bool {
        if let own = contents?.id { return own.utf8.elementsEqual(id) }
        let name = Array(item.name.bytes)
        let parsed = SpoolName(name.span)
        let stem = name[..<parsed.stemCount]
        let mark: UInt8 = parsed.isUsedOnce ? 0 : UInt8(ascii: "@")
        guard id.starts(with: stem) else { return false }
        let rest = id[stem.count...]
        if rest.isEmpty { return parsed.isUsedOnce }
        if item.isBatch, rest.first == UInt8(ascii: "/") { return true }
        return rest.first == mark && rest.dropFirst().starts(with: "\(modifiedNanoseconds)".utf8)
    }

    /// More is in no file that the server takes.
    private static let limitBytes = BatchFileWriter.defaultLimitBytes

    private mutating func read(_ bytes: [UInt8]) {
        var lines = BatchLines()
        var text = bytes.span
        if item.isBatch {
            guard let line = lines.next(in: bytes.span) else {
                fault = "no event in it; a batch has one a line"
                return
            }
            text = bytes.span.extracting(line.range)
        }
        do throws(EventFault) {
            let event = try EventFile.decode(text)
            contents = Contents(
                name: event.eventName(in: text).text, id: event.idLabel(in: text)?.text,
                channels: event.channels.map(\.name), key: event.key?.text,
                expiresAtMicroseconds: event.expiresAtMicroseconds)
        } catch {
            fault = "\(error.reason), at byte \(error.offset)"
        }
    }
}
