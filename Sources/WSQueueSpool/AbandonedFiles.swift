package import WSQueueCore
package import WSQueueSystem

/// Hidden files of publishers that died before they could rename or remove them.
package struct AbandonedFiles {
    /// How long such a file must rest.
    package static let restNanoseconds: Int64 = 3_600 * 1_000_000_000

    // Made once: each notice of a hidden name asks.
    private static let heldPrefix = Array(SpoolPlace.heldPrefix.utf8)

    private let directory: Directory

    /// Works in an open spool.
    package init(_ reader: SpoolReader) { directory = reader.directory }

    /// Removes them. A listing: to be called seldom.
    ///
    /// - Returns: The names that went.
    package func sweep(_ ages: AgeClock) -> [FileName] {
        guard ages.mayTrim else { return [] }
        var names: [FileName] = []
        try? directory.forEachName { if Self.isUnfinished($0) { names.append(FileName($0)) } }
        return names.filter { name in
            guard let status = try? directory.status(of: name), status.kind == .regular else { return false }
            guard ages.age(of: max(status.modifiedNanoseconds, status.changedNanoseconds)) > Self.restNanoseconds else {
                return false
            }
            return !isBeingWritten(name) && (try? directory.remove(name)) != nil
        }
    }

    /// `.<name>.json.tmp` and the like, and `.<19 digits>-…` as scripts do it. What is held back begins otherwise.
    package static func isUnfinished(_ name: borrowing Span<UInt8>) -> Bool {
        guard name.count > 5, name[0] == UInt8(ascii: ".") else { return false }
        let end: [UInt8] = [0x2E, 0x74, 0x6D, 0x70]
        if end.indices.allSatisfy({ name[name.count - 4 + $0] == end[$0] }) { return !isHeld(name) }
        guard name.count > 20 else { return false }
        return (1...19).allSatisfy { name[$0] &- UInt8(ascii: "0") < 10 } && name[20] == UInt8(ascii: "-")
    }

    private static func isHeld(_ name: borrowing Span<UInt8>) -> Bool {
        name.count >= heldPrefix.count && heldPrefix.indices.allSatisfy { name[$0] == heldPrefix[$0] }
    }

    /// A batch from a slow source may be open for hours. Where the kernel does not tell, the process may: its number is
    /// in the name.
    private func isBeingWritten(_ name: FileName) -> Bool {
        do {
            if let isOpen = try directory.isBeingWritten(name) { return isOpen }
        } catch {
            // Where it cannot be asked, somebody may.
            return true
        }
        let parts = name.description.split(separator: "-")
        guard parts.count > 1, let process = Int32(parts[1]), process > 0 else { return false }
        return Process.isRunning(process)
    }
}
