internal import WSQueueCore
internal import WSQueueLog
internal import WSQueueSpool
internal import WSQueueSystem

/// What somebody asks about: the id of an event, or the name of a file, as the commands and the log show them.
package struct EventWord: Sendable {
    /// The file's name below the queue, or the id.
    package let text: String
    /// The name without what only says where the file was, what it waited for, and its suffix.
    private let stem: [UInt8]

    /// Reads a word.
    ///
    /// - Parameter queuePath: A path that leads there is as good as the name of the file.
    package init(_ word: String, queuePath: String) {
        text = Self.relative(word, to: queuePath)
        var bytes = Array(text.utf8)
        let failed = Array("\(FailedFiles.directoryName)/".utf8)
        if bytes.starts(with: failed) { bytes.removeFirst(failed.count) }
        if let released = HeldName.released(bytes.span) { bytes = released }
        // A second file of a name has a number after it in .failed/.
        var whole = bytes
        while ![.event, .batch].contains(SpoolName.kind(of: whole.span).0), let dot = whole.lastIndex(of: 0x2E),
            dot > 0
        {
            whole.removeLast(whole.count - dot)
        }
        let (kind, count) = SpoolName.kind(of: whole.span)
        stem = kind == .event || kind == .batch ? Array(whole[..<count]) : bytes
    }

    /// Whether an event that has this id is meant.
    package func means(_ id: [UInt8]) -> Bool {
        if id.elementsEqual(text.utf8) || id == stem { return true }
        // What a publisher prints of an event that it holds back ends in what no one can guess.
        if let held = HeldName.parts(of: text), id.elementsEqual(held.id.utf8) { return true }
        let name = FileEventID.withoutTime(id)
        if name == stem || isLine(name) { return true }
        // The name of a file says an id that was given to the event.
        guard stem.starts(with: "id-".utf8) || stem.starts(with: "id%".utf8) || stem.starts(with: "at-id".utf8) else {
            return false
        }
        let named = SpoolStem(identity: String(decoding: id, as: UTF8.self))
        return named.description.utf8.elementsEqual(stem) || named.due.description.utf8.elementsEqual(stem)
    }

    /// The ids that are meant, as far as they can be told without the event.
    var ids: [String] {
        let named = String(decoding: stem, as: UTF8.self)
        return named == text ? [text] : [text, named]
    }

    /// When the file was published, as its name says it, Unix nanoseconds.
    package var publishedNanoseconds: Int64? {
        SpoolName((stem + Array(SpoolSuffix.event.rawValue.utf8)).span).timeNanoseconds
    }

    /// Whether an id is that of a line in the batch that is meant.
    private func isLine(_ id: [UInt8]) -> Bool {
        guard id.count > stem.count, id.starts(with: stem), id[stem.count] == UInt8(ascii: "/") else { return false }
        return id[(stem.count + 1)...].allSatisfy { $0 &- UInt8(ascii: "0") <= 9 }
    }

    private static func relative(_ word: String, to queuePath: String) -> String {
        let direct = queuePath.hasSuffix("/") ? queuePath : "\(queuePath)/"
        if word.utf8.starts(with: direct.utf8) { return String(word.dropFirst(direct.count)) }
        guard let slash = word.utf8.lastIndex(of: UInt8(ascii: "/")),
            let queue = Directory.canonicalPath(of: queuePath),
            let parent = Directory.canonicalPath(of: word[..<slash].isEmpty ? "/" : String(word[..<slash]))
        else { return word }
        let name = word[word.utf8.index(after: slash)...]
        if parent == queue { return String(name) }
        return parent == "\(queue)/\(FailedFiles.directoryName)" ? "\(FailedFiles.directoryName)/\(name)" : word
    }
}
