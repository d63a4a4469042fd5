public import WSQueueCore
package import WSQueueSpool
internal import WSQueueSystem

/// Publishes events by putting them into a queue directory, from where `wsqueue-server` sends them to its clients.
///
/// No server need run and no connection is made: the event waits in the directory. When the call returns, the whole
/// event is in the directory; `Settings.sync` says what else it survives.
///
/// A value that holds nothing open: copy it, use it from any thread, after fork(2), and after the directory has been
/// replaced by another one.
public struct Publisher: BroadcastDriver {
    /// The queue directory.
    public let directory: String
    /// How events are written.
    public let settings: Settings

    /// How events are written.
    public struct Settings: Equatable, Sendable {
        /// What an event survives once it is published.
        public var sync: Sync = .none
        /// The permission bits of event files, whatever the umask is. The server must be able to read them.
        public var mode: UInt32 = SpoolWriter.defaultMode
        /// The largest event the server takes, as bytes of its file.
        public var limitBytes = Event.defaultLimitBytes

        /// The settings that suit most.
        public init() {}
    }

    /// What an event survives once it is published.
    public enum Sync: String, CaseIterable, Sendable {
        /// The end of any process. A power cut may take it.
        case none
        /// After a power cut it is there whole or not at all.
        case data
        /// A power cut.
        case full
    }

    /// Makes a publisher into a queue directory, which must exist.
    ///
    /// - Throws: ``PublishError`` when there is no such directory.
    public init(directory: String, settings: Settings = Settings()) throws(PublishError) {
        self.init(uncheckedDirectory: directory, settings: settings)
        _ = try writer()
    }

    /// Makes a publisher without looking at the directory; the first publication does.
    package init(uncheckedDirectory directory: String, settings: Settings) {
        self.directory = directory
        self.settings = settings
    }

    /// Publishes an event.
    ///
    /// An event whose id is that of one that still waits in the queue is not written again.
    ///
    /// - Returns: The event's id and its file.
    @discardableResult
    public func publish(_ event: Event) throws(PublishError) -> Receipt { try publish(event, due: nil) }

    /// Publishes several events, of which clients get all or none, in this order and with nothing in between: one file.
    ///
    /// A line's end in a payload, which JSON has only between values, becomes a blank there.
    ///
    /// - Returns: `nil`, and no file, where there were none. Events without an id of their own have `<id>/<line>`.
    @discardableResult
    public func publish(batch events: [Event]) throws(PublishError) -> Receipt? {
        let unix = Clock.unixNanoseconds()
        var lines: [UInt8] = []
        for (index, event) in events.enumerated() {
            do {
                var line = try EventFile.encode(event, queuedAt: unix, limitBytes: settings.limitBytes)
                for index in line.indices.dropLast() where line[index] == UInt8(ascii: "\n") {
                    line[index] = UInt8(ascii: " ")
                }
                lines += line
            } catch {
                throw PublishError(error, in: "event \(index + 1) of the batch")
            }
            let limitBytes = BatchFileWriter.defaultLimitBytes
            guard lines.count <= limitBytes else { throw PublishError(batchOver: limitBytes) }
        }
        let writer = try writer()
        guard !events.isEmpty else { return nil }
        do {
            let stem = try writer.write(lines.span, suffix: .batch)
            let entry = SpoolEntry(stem: stem, isNew: true)
            return receipt(entry, suffix: .batch, id: nil, sizeBytes: lines.count, events: events.count)
        } catch {
            throw PublishError(error, directory: writer.directory)
        }
    }

    /// Publishes an event that is not to be sent before a time; until then it waits in the queue.
    ///
    /// - Parameters:
    ///   - event: Its time to live begins when it is due.
    ///   - unixSeconds: At most 366 days from now; a time that has passed is now.
    @discardableResult
    public func publish(_ event: Event, atUnixSeconds unixSeconds: Double) throws(PublishError) -> Receipt {
        try publish(event, due: Int64(max(0, min(unixSeconds, 9_000_000_000)) * 1_000_000_000))
    }

    /// Publishes an event now, or at Unix nanoseconds.
    package func publish(_ event: Event, due: Int64?) throws(PublishError) -> Receipt {
        let bytes = try encode(event, due: due)
        let writer = try writer()
        do {
            let place = SpoolPlace(identity: event.id, dueNanoseconds: due)
            return receipt(
                try writer.write(bytes.span, suffix: .event, at: place), suffix: .event, id: event.id,
                sizeBytes: bytes.count, events: 1)
        } catch {
            throw PublishError(error, directory: writer.directory)
        }
    }

    /// The contents of the file that publishing `event` now would make, or one that is due at Unix nanoseconds.
    package func encode(_ event: Event, due: Int64? = nil) throws(PublishError) -> [UInt8] {
        let unix = Clock.unixNanoseconds()
        if let due, SpoolPlace.isTooFarAhead(due, unix: unix) {
            throw PublishError(.tooFarAhead(limitDays: SpoolPlace.limitDays), advice: "publish it nearer to its time")
        }
        do {
            return try EventFile.encode(event, queuedAt: due ?? unix, limitBytes: settings.limitBytes)
        } catch {
            throw PublishError(error)
        }
    }

    /// Opens the directory as it is now, for what a publisher needs: it may be a drop box that cannot be listed.
    package func writer() throws(PublishError) -> SpoolWriter {
        guard settings.mode & 0o444 != 0 else {
            throw PublishError(
                .cannotCreate,
                reason: "the server could not read an event file of mode \(String(settings.mode, radix: 8))",
                advice: "let its user read it, as mode 0640 does for the file's group")
        }
        do {
            let open = try Directory.openUnlisted(directory)
            return SpoolWriter(open, mode: settings.mode, durability: settings.sync.durability)
        } catch {
            throw PublishError(opening: directory, error)
        }
    }

    /// What is told of an entry that is in the directory now.
    package func receipt(
        _ entry: SpoolEntry, suffix: SpoolSuffix, id: String?, sizeBytes: Int, events: Int
    ) -> Receipt {
        Receipt(
            id: id ?? entry.stem.description, path: path(of: entry.stem.visible(suffix)), sizeBytes: sizeBytes,
            events: events, isNew: entry.isNew)
    }

    func path(of name: FileName) -> String { directory.hasSuffix("/") ? "\(directory)\(name)" : "\(directory)/\(name)" }
}

/// What was published.
public struct Receipt: Equatable, Sendable {
    /// The event's id: its own, or the name of its file without the suffix. The events of a batch that carry none have
    /// `<id>/<line>`.
    public let id: String
    /// The file; it goes when the server has sent what is in it.
    public let path: String
    /// How large the file is.
    public let sizeBytes: Int
    /// How many events are in it.
    public let events: Int
    /// Whether it was written by this call; an event of the same id may have waited already.
    public let isNew: Bool

    /// Makes a receipt, for drivers of one's own.
    public init(id: String, path: String = "", sizeBytes: Int = 0, events: Int = 1, isNew: Bool = true) {
        self.id = id
        self.path = path
        self.sizeBytes = sizeBytes
        self.events = events
        self.isNew = isNew
    }
}

extension Publisher.Sync {
    fileprivate var durability: Durability {
        switch self {
        case .none: .none
        case .data: .data
        case .full: .full
        }
    }
}
