package import WSQueueSystem

/// Files that could not be read: those that are to be looked at again, and those that could not be set aside either.
package struct UnreadFiles {
    private struct Stuck {
        /// What it looked like when that was said.
        let look: Unfinished.Look
        /// Whether it may be moved some time though no one does anything about it, and whether that is to be tried.
        let mayPass: Bool
        var isDue = false
    }

    private var failing: [FileName: (code: Int32, since: Int64)] = [:]
    private var stuck: [FileName: Stuck] = [:]

    package init() {}

    /// Those that could not be read for now.
    package var failed: [FileName] { Array(failing.keys) }
    /// Whether some can be neither read nor moved.
    package var hasStuck: Bool { !stuck.isEmpty }

    /// Notes why a file could not be read.
    ///
    /// - Returns: Whether that is news, and whether the file keeps its place among the others.
    package mutating func note(
        _ error: SystemCallError, of name: FileName, now: Int64
    ) -> (isNew: Bool, keepsPlace: Bool) {
        let known = failing[name]
        let since = known?.since ?? now
        failing[name] = (error.code, since)
        return (known?.code != error.code, IntakeTrouble.waits(for: error, since: since, now: now))
    }

    /// Notes that a file could be read, or has gone.
    package mutating func noteRead(_ name: FileName) { if !failing.isEmpty { failing[name] = nil } }

    /// Whether a file can be neither read nor moved, and looks as it did when that was said.
    package func isStuck(_ name: FileName, _ look: Unfinished.Look) -> Bool {
        stuck[name].map { $0.look == look && !$0.isDue } ?? false
    }

    /// Notes that a file could not be moved.
    ///
    /// - Returns: Whether that is news.
    package mutating func noteStuck(_ name: FileName, _ look: Unfinished.Look, _ error: SystemCallError) -> Bool {
        let isKnown = stuck[name]?.look == look
        stuck[name] = Stuck(look: look, mayPass: !error.isPermission && !error.isReadOnly)
        return !isKnown
    }

    /// Notes that a file could be moved.
    ///
    /// - Returns: Whether it could not be before.
    package mutating func noteMoved(_ name: FileName) -> Bool { stuck.removeValue(forKey: name) != nil }

    /// Finds those that could not be moved and are gone or others by now, which makes them events of their own, and those
    /// that may be moved by now.
    package mutating func takeStuck(in directory: Directory) -> [FileName] {
        var names: [FileName] = []
        for (name, file) in stuck {
            if file.look.hasChanged(name, in: directory) {
                stuck[name] = nil
            } else if file.mayPass {
                stuck[name]?.isDue = true
            } else {
                continue
            }
            names.append(name)
        }
        return names
    }
}

extension Unfinished.Look {
    /// Whether the file that looked so is gone or another one.
    package func hasChanged(_ name: FileName, in directory: Directory) -> Bool {
        guard let status = try? directory.status(of: name) else { return true }
        return Unfinished.Look(status) != self
    }
}
