internal import WSQueueSystem

/// Files that wait for somebody's word: held ones for their release, due ones for their time.
extension SpoolWriter {
    /// Begins a file that will be held back under a name of this moment.
    package func beginHeld(_ suffix: SpoolSuffix, as stem: SpoolStem) throws(SpoolWriteError) -> SpoolFile {
        try begin(suffix, as: stem)
    }

    /// Publishes what is held under an id, by one rename. Its place in the order is that of this moment.
    ///
    /// - Returns: The entry; `nil` when nothing is held under the id.
    package func release(_ id: String) throws(SpoolWriteError) -> (entry: SpoolEntry, suffix: SpoolSuffix)? {
        for (stem, suffix) in Self.heldNames(id) where exists(stem.held(suffix)) {
            let now = nextStem()
            let isNamed = SpoolStem(generated: stem.description) == nil
            let name = isNamed ? stem : now
            // The mtime is the place in the order of a name without a time. A user who may not set it leaves it as it is.
            if isNamed { try? directory.setModified(of: stem.held(suffix), now.time) }
            do {
                try directory.renameWithoutReplacing(stem.held(suffix), to: name.visible(suffix))
            } catch {
                guard error.isExisting, isNamed else { throw SpoolWriteError(step: .rename, cause: error) }
                try remove(stem.held(suffix))
                return (SpoolEntry(stem: name, isNew: false), suffix)
            }
            try syncNames()
            return (SpoolEntry(stem: name, isNew: true), suffix)
        }
        return nil
    }

    /// Removes what is held under an id.
    ///
    /// - Returns: Whether there was something.
    package func abort(_ id: String) throws(SpoolWriteError) -> Bool {
        for (stem, suffix) in Self.heldNames(id) where exists(stem.held(suffix)) {
            try remove(stem.held(suffix))
            return true
        }
        return false
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
            guard let status = try? directory.status(of: name) else { continue }
            let due = SpoolName(name.bytes.span).order(modifiedNanoseconds: status.modifiedNanoseconds).nanoseconds
            guard due > unix else { return false }
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
