internal import WSQueueSystem

/// What stands at the end of the names of files that are held back, so that only those who were told it can find them.
package enum HeldName {
    private static let randomCount = 16

    /// Makes such an end.
    package static func random() -> String { RandomText.make(count: randomCount) }

    /// Takes the word by which an event is released apart: its id, and the end.
    package static func parts(of word: String) -> (id: String, random: String)? {
        guard let dot = word.utf8.lastIndex(of: UInt8(ascii: ".")) else { return nil }
        let random = word[dot...].dropFirst()
        guard random.utf8.count == randomCount, random.utf8.allSatisfy(isRandom) else { return nil }
        return (String(word[..<dot]), String(random))
    }

    /// The name that an entry is to have when it is released; `nil` where it is not held back.
    package static func released(_ entry: Span<UInt8>) -> [UInt8]? {
        let prefix = Array(SpoolPlace.heldPrefix.utf8)
        guard entry.count > prefix.count, prefix.indices.allSatisfy({ entry[$0] == prefix[$0] }) else { return nil }
        let name = entry.extracting(prefix.count...)
        let parsed = SpoolName(name)
        let end = parsed.stemCount
        let start = end - randomCount - 1
        // What was held back before had no such end.
        let hasRandom =
            start > 0 && name[start] == UInt8(ascii: ".") && (start + 1..<end).allSatisfy { isRandom(name[$0]) }
        var bytes: [UInt8] = []
        for index in 0..<name.count where !hasRandom || !(start..<end).contains(index) { bytes.append(name[index]) }
        return bytes
    }

    /// The name under which a file is held back that has this one.
    static func held(_ name: FileName) -> FileName {
        let parsed = SpoolName(name.bytes.span)
        let bytes = Array(name.bytes)
        let held =
            Array(SpoolPlace.heldPrefix.utf8) + bytes[..<parsed.stemCount] + Array(".\(random())".utf8)
            + bytes[parsed.stemCount...]
        return FileName(held.span)
    }

    private static func isRandom(_ byte: UInt8) -> Bool {
        byte &- UInt8(ascii: "a") < 26 || byte &- UInt8(ascii: "0") < 6
    }
}
