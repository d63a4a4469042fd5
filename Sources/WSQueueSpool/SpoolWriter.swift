internal import WSQueueCore
package import WSQueueSystem

/// The publisher's hand in an open spool: each file appears under a visible name whole, or not at all.
///
/// A value without state of its own: any number of threads may use one at once.
package struct SpoolWriter: Sendable {
    /// The spool.
    package let directory: Directory
    /// The permission bits of the files it makes.
    package let mode: UInt32
    /// What a file survives.
    package let durability: Durability
    private let names: SpoolNameSource
    /// Who is said to publish the files, where that is not their owner.
    fileprivate let claim: SpoolClaim

    /// Everybody may read. The server often runs as another user in no common group, and a file it cannot read is an
    /// event no one gets; who may look is decided by the directory, which a drop box closes to all others.
    package static let defaultMode: UInt32 = 0o644

    /// Works in an open spool; one that cannot be listed will do (``Directory/openUnlisted(_:)``).
    package init(
        _ directory: Directory, mode: UInt32 = defaultMode, durability: Durability = .none,
        names: SpoolNameSource = .process, claim: SpoolClaim = .none
    ) {
        self.directory = directory
        self.mode = mode
        self.durability = durability
        self.names = names
        self.claim = claim
    }

    /// Publishes one file.
    ///
    /// - Returns: The name, without its suffix: the event's id unless it carries one.
    package func write(_ bytes: Span<UInt8>, suffix: SpoolSuffix) throws(SpoolWriteError) -> SpoolStem {
        var file = try begin(suffix)
        try file.append(bytes)
        return try file.publish(as: file.stem)
    }

    /// Publishes one file in a place of its own.
    ///
    /// - Parameter place: Where an event of the same id waits already, nothing is written.
    package func write(
        _ bytes: Span<UInt8>, suffix: SpoolSuffix, at place: SpoolPlace
    ) throws(SpoolWriteError) -> SpoolEntry {
        if place == SpoolPlace() { return SpoolEntry(stem: try write(bytes, suffix: suffix), isNew: true) }
        if let waiting = waiting(place, suffix) { return waiting }
        var file = try begin(suffix)
        try file.append(bytes)
        return try file.publish(at: place)
    }

    /// Begins a file that is written piece by piece.
    package func begin(_ suffix: SpoolSuffix) throws(SpoolWriteError) -> SpoolFile {
        try begin(suffix, as: nil)
    }

    /// Begins a file; `wanted` is a name that has not been used.
    func begin(_ suffix: SpoolSuffix, as wanted: SpoolStem?) throws(SpoolWriteError) -> SpoolFile {
        var attempt = 1
        while true {
            let stem = attempt == 1 ? wanted ?? nextStem() : nextStem()
            do {
                let file = try AtomicFile.create(stem.hidden(suffix), in: directory, durability: durability)
                return SpoolFile(file, stem: stem, suffix: suffix, writer: self)
            } catch {
                guard error.isExisting, attempt < Self.attempts else {
                    throw SpoolWriteError(step: .create, cause: error)
                }
            }
            attempt += 1
        }
    }

    /// A name of this moment, after all that the process has had before.
    package func nextStem() -> SpoolStem {
        names.next(unixNanoseconds: Clock.unixNanoseconds(), processIdentifier: Process.identifier)
    }

    /// The name of a file in a place, at this moment.
    fileprivate func stem(at place: SpoolPlace) -> SpoolStem {
        if let identity = place.identity {
            let stem = SpoolStem(identity: identity)
            return place.dueNanoseconds == nil ? stem : stem.due
        }
        guard let due = place.dueNanoseconds else { return nextStem() }
        return names.next(dueNanoseconds: due, processIdentifier: Process.identifier)
    }

    /// The event of the same id that waits, for its time or for the server.
    package func waiting(_ place: SpoolPlace, _ suffix: SpoolSuffix) -> SpoolEntry? {
        guard let identity = place.identity else { return nil }
        let stem = SpoolStem(identity: identity)
        let found = [stem, stem.due].first { isTaken($0.visible(suffix)) == .byUs }
        return found.map { SpoolEntry(stem: $0, isNew: false) }
    }

    /// Who has a name. An id is its owner's: another user's event with the same id is another event.
    func isTaken(_ name: FileName) -> Taken? {
        guard let status = try? directory.status(of: name) else { return nil }
        // A second name of a file of ours is somebody else's work.
        return status.owner == Process.user && status.kind == .regular && status.links < 2 ? .byUs : .byOthers
    }

    /// Who has a name.
    enum Taken {
        case byUs, byOthers
    }

    // The random part makes a taken name all but impossible: where eight are, something else is wrong.
    fileprivate static let attempts = 8
}

/// A file on its way into the spool, invisible until it is published.
///
/// Letting go of it removes what was written.
package struct SpoolFile: ~Copyable {
    private var file: AtomicFile
    fileprivate let stem: SpoolStem
    private let suffix: SpoolSuffix
    private let writer: SpoolWriter

    fileprivate init(_ file: consuming AtomicFile, stem: SpoolStem, suffix: SpoolSuffix, writer: SpoolWriter) {
        self.file = file
        self.stem = stem
        self.suffix = suffix
        self.writer = writer
    }

    /// Appends all of `bytes`.
    package mutating func append(_ bytes: Span<UInt8>) throws(SpoolWriteError) {
        do {
            try file.append(bytes)
        } catch {
            throw SpoolWriteError(step: .write, cause: error)
        }
    }

    /// Makes the file visible, under a name of this moment: what the process published since the file was begun comes
    /// before it.
    ///
    /// - Returns: Its name without the suffix.
    package consuming func publish() throws(SpoolWriteError) -> SpoolStem {
        let stem = writer.nextStem()
        return try publish(as: stem)
    }

    /// Makes the file visible in a place; where an event of the same id stands there, the file goes.
    package consuming func publish(at place: SpoolPlace) throws(SpoolWriteError) -> SpoolEntry {
        guard place.identity == nil else { return try ready(at: place).reveal() }
        return SpoolEntry(stem: try publish(as: writer.stem(at: place)), isNew: true)
    }

    /// Ends writing: only the rename is left to do.
    ///
    /// - Parameter isShort: Whether nothing was published since the file was begun, so that the name it was begun under
    ///   is still one of this moment.
    package consuming func ready(at place: SpoolPlace, isShort: Bool = false) throws(SpoolWriteError) -> ReadyFile {
        let stem = isShort && place == SpoolPlace() ? stem : writer.stem(at: place)
        let isNamed = place.identity != nil && writer.isTaken(stem.visible(suffix)) != .byOthers
        guard isNamed || place.identity == nil else {
            return try ready(at: SpoolPlace(dueNanoseconds: place.dueNanoseconds))
        }
        try seal(modified: isNamed ? place.dueNanoseconds ?? writer.nextStem().time : nil)
        let rule: ReadyFile.Rule = isNamed ? .once(dueNanoseconds: place.dueNanoseconds) : .new
        return ReadyFile(file, SpoolEntry(stem: stem, isNew: true), suffix, writer, name: stem.visible(suffix), rule)
    }

    /// Ends writing a file that is to be held back under its name, with this end.
    package consuming func ready(held stem: SpoolStem, _ random: String) throws(SpoolWriteError) -> ReadyFile {
        try seal()
        let name = stem.held(random, suffix)
        return ReadyFile(file, SpoolEntry(stem: stem, isNew: true), suffix, writer, name: name, .new)
    }

    private mutating func seal(modified: Int64? = nil) throws(SpoolWriteError) {
        do {
            if let modified { try file.setModified(modified) }
            try file.seal(mode: writer.mode)
        } catch {
            throw SpoolWriteError(step: error.call.hasSuffix("sync") ? .sync : .write, cause: error)
        }
    }

    fileprivate consuming func publish(as stem: SpoolStem) throws(SpoolWriteError) -> SpoolStem {
        try seal()
        var name = stem
        var attempt = 1
        while true {
            do {
                try file.reveal(as: name.visible(suffix, writer.claim))
                return name
            } catch {
                guard error.cause.isExisting, !error.isVisible, attempt < SpoolWriter.attempts else {
                    throw SpoolWriteError(error)
                }
            }
            name = writer.nextStem()
            attempt += 1
        }
    }
}

/// A file that is written whole and lacks only its name.
///
/// Letting go of it removes what was written.
package struct ReadyFile: ~Copyable {
    /// What becomes of a file that has the name already.
    fileprivate enum Rule {
        /// There is none: the name has not been used.
        case new
        /// It is the same event, and stays, where it is ours; beside another user's this one gets a name of its time.
        case once(dueNanoseconds: Int64?)
    }

    /// What there will be.
    package let entry: SpoolEntry
    private var file: AtomicFile
    private let suffix: SpoolSuffix
    private let writer: SpoolWriter
    private let name: FileName
    private let rule: Rule

    fileprivate init(
        _ file: consuming AtomicFile, _ entry: SpoolEntry, _ suffix: SpoolSuffix, _ writer: SpoolWriter, name: FileName,
        _ rule: Rule
    ) {
        self.file = file
        self.entry = entry
        self.suffix = suffix
        self.writer = writer
        self.name = name
        self.rule = rule
    }

    /// The file, to be looked at later; `nil` where it cannot be opened.
    package func watch() -> FileDescriptor? { file.openAgain() }

    /// Gives it the name: one rename.
    package consuming func reveal() throws(SpoolWriteError) -> SpoolEntry {
        let fault: RevealError
        do {
            try file.reveal(as: name)
            return entry
        } catch {
            fault = error
        }
        guard case .once(let due) = rule, fault.cause.isExisting, !fault.isVisible else { throw SpoolWriteError(fault) }
        guard writer.isTaken(name) == .byOthers else { return SpoolEntry(stem: entry.stem, isNew: false) }
        let stem = writer.stem(at: SpoolPlace(dueNanoseconds: due))
        do {
            try file.reveal(as: stem.visible(suffix))
            return SpoolEntry(stem: stem, isNew: true)
        } catch {
            throw SpoolWriteError(error)
        }
    }
}

/// A file that did not get into the spool, or not as safely as was asked.
package struct SpoolWriteError: Error, Equatable, CustomStringConvertible {
    /// How far it came.
    package enum Step: String, Sendable {
        /// The hidden file could not be made.
        case create
        /// Not all could be written, or its mode could not be set.
        case write
        /// It could not be made durable, and was removed.
        case sync
        /// It could not be given its visible name.
        case rename
        /// It could not be removed.
        case remove
        /// It could not be looked at.
        case look
        /// It is visible and will be delivered, but a power cut may still take it.
        case syncVisible
    }

    package let step: Step
    package let cause: SystemCallError

    package init(step: Step, cause: SystemCallError) {
        self.step = step
        self.cause = cause
    }

    init(_ error: RevealError) {
        self.init(step: error.isVisible ? .syncVisible : .rename, cause: error.cause)
    }

    package var description: String { "\(cause)" }
}
