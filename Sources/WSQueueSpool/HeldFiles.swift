package import WSQueueSystem

/// Files that wait for somebody's word: held ones for their release, due ones for their time.
extension SpoolWriter {
    /// Finds what is held under a word, and a place for it in the order: that of this moment.
    ///
    /// - Returns: `nil` when nothing is held under it.
    package func held(_ word: String) -> HeldFile? {
        guard let (id, random) = HeldName.parts(of: word) else { return nil }
        for (stem, suffix) in Self.heldNames(id) where exists(stem.held(random, suffix)) {
            let now = nextStem()
            // Where another user has the name, the event's id is that of its member alone.
            let isNamed =
                SpoolStem(generated: stem.description) == nil && isTaken(stem.visible(suffix)) != .byOthers
            return HeldFile(
                name: stem.held(random, suffix), id: id, stem: isNamed ? stem : now, suffix: suffix,
                time: isNamed ? now.time : nil)
        }
        return nil
    }

    /// What is held, to be looked at later; `nil` where it cannot be opened.
    package func watch(_ file: HeldFile) -> FileDescriptor? {
        try? directory.openForReading(file.name)
    }

    /// Publishes what is held, by one rename.
    package func release(_ file: HeldFile) throws(SpoolWriteError) -> SpoolEntry {
        let name = file.name
        // The mtime is the place in the order of a name without a time. A user who may not set it leaves it as it is.
        if let time = file.time { try? directory.setModified(of: name, time) }
        do {
            try directory.renameWithoutReplacing(name, to: file.stem.visible(file.suffix))
        } catch {
            if error.call == "unlink" { throw SpoolWriteError(step: .syncVisible, cause: error) }
            guard error.isExisting, file.time != nil else { throw SpoolWriteError(step: .rename, cause: error) }
            try remove(name)
            return SpoolEntry(stem: file.stem, isNew: false)
        }
        try syncNames()
        return SpoolEntry(stem: file.stem, isNew: true)
    }

    /// Removes what is held under a word.
    ///
    /// - Returns: Whether there was something.
    package func abort(_ word: String) throws(SpoolWriteError) -> Bool {
        guard let file = held(word) else { return false }
        try remove(file.name)
        return true
    }

    /// Takes back an event that waits for its time.
    ///
    /// - Parameter unix: Now, Unix nanoseconds: what is due already may be on its way.
    /// - Returns: Whether there was one.
    package func cancel(_ id: String, unix: Int64) throws(SpoolWriteError) -> Bool {
        var candidates = [(SpoolStem(identity: id).due, SpoolSuffix.event)]
        if let stem = SpoolStem(generated: id), id.utf8.starts(with: SpoolPlace.duePrefix.utf8) {
            candidates += [(stem, .event), (stem, .batch)]
        }
        for (stem, suffix) in candidates {
            let name = stem.visible(suffix)
            guard exists(name),
                let place = try? SpoolName(name.bytes.span).order(of: name.bytes.span, entry: name, in: directory)
            else { continue }
            guard place.nanoseconds > unix else { return false }
            try remove(name)
            return true
        }
        return false
    }

    /// Under which names what is held with an id may stand: that of the id first.
    private static func heldNames(_ id: String) -> [(SpoolStem, SpoolSuffix)] {
        let named = (SpoolStem(identity: id), SpoolSuffix.event)
        guard let stem = SpoolStem(generated: id) else { return [named] }
        return [named, (stem, .event), (stem, .batch)]
    }

    private func exists(_ name: FileName) -> Bool { (try? directory.status(of: name)) != nil }

    private func remove(_ name: FileName) throws(SpoolWriteError) {
        do {
            try directory.remove(name)
        } catch {
            throw SpoolWriteError(step: .remove, cause: error)
        }
    }

    private func syncNames() throws(SpoolWriteError) {
        guard durability == .full else { return }
        do {
            try directory.sync()
        } catch {
            throw SpoolWriteError(step: .syncVisible, cause: error)
        }
    }
}

/// A file that is held back, and the name it is to have.
package struct HeldFile: Sendable {
    fileprivate let name: FileName
    /// The event's id.
    package let id: String
    /// Its visible name, without the suffix.
    package let stem: SpoolStem
    /// What kind of file it is.
    package let suffix: SpoolSuffix
    /// Its place in the order, where its name does not say it.
    fileprivate let time: Int64?
}
