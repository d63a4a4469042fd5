package import WSQueueSystem

/// The files of which notices say that somebody is writing them: what needs no right but to watch the directory.
package struct SeenWriters {
    /// Files that were created, and those whose contents were changed, and that were not closed since.
    private var created: Set<FileName> = []
    private var changed: Set<FileName> = []

    /// Beyond so many nothing is known any more.
    private static let limit = 16_384

    package init() {}

    /// Notes that a file was created. That may have been a link to one that is finished: only while it is empty does it
    /// mean that somebody will write.
    package mutating func noteCreation(_ name: FileName) {
        if created.count >= Self.limit { created = [] }
        created.insert(name)
    }

    /// Notes that a file's contents were changed.
    ///
    /// - Returns: Whether that was not known.
    package mutating func noteChange(_ name: FileName) -> Bool {
        if changed.count >= Self.limit { changed = [] }
        if !created.isEmpty { created.remove(name) }
        return changed.insert(name).inserted
    }

    /// Notes that a writer has closed a file, or that another one was renamed over it.
    package mutating func noteEnd(_ name: FileName) {
        if !created.isEmpty { created.remove(name) }
        if !changed.isEmpty { changed.remove(name) }
    }

    /// Whether somebody has changed a file's contents, and not closed it since.
    package func isChanging(_ name: FileName) -> Bool { changed.contains(name) }

    /// Whether somebody may have a file open.
    package func isKnown(_ name: FileName) -> Bool { created.contains(name) || changed.contains(name) }

    /// Notes that a file has another name now, and that whatever had that before has gone.
    package mutating func move(_ name: FileName, to newName: FileName) {
        noteEnd(newName)
        if created.remove(name) != nil { created.insert(newName) }
        if changed.remove(name) != nil { changed.insert(newName) }
    }

    /// Whether somebody has a file open for writing, as far as notices tell.
    ///
    /// - Parameter sizeBytes: How large it is now.
    package func isOpen(_ name: FileName, sizeBytes: Int64) -> Bool {
        changed.contains(name) || (sizeBytes == 0 && created.contains(name))
    }
}
