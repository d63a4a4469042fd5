internal import WSQueueCore
package import WSQueueSystem

/// Who has published an event that the server itself has put into the queue, as the name of its file says it: a file
/// `<stem>.by-http-2.json` is of `http:2`.
///
/// Such a name is believed only of a file of the server's own user, in a directory in which no one else can give its files
/// names (``isBelieved(of:in:user:)``). It is a part of no id, and so no client sees it.
package struct SpoolClaim: Equatable, Sendable {
    /// What stands behind the stem.
    let end: String

    /// No claim: the file's owner has published it.
    package static let none = SpoolClaim(end: "")

    private static let mark = Array(".by-".utf8)
    /// Longer ones are not written out, for a name may have 143 bytes on some file systems.
    private static let limitBytes = 60
    private static let digestMark = UInt8(ascii: "~")

    private init(end: String) { self.end = end }

    /// The claim of a publisher, such as `client:42`.
    ///
    /// - Parameter owner: A kind of lowercase letters, a colon, and a text.
    package init?(_ owner: String) {
        let parts = owner.utf8.split(separator: UInt8(ascii: ":"), maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[1].isEmpty, Self.isKind(Array(parts[0])) else { return nil }
        var text = ""
        for byte in parts[1] {
            if Self.isPlain(byte) {
                text.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                text += "%" + Self.hexadecimal(byte)
            }
        }
        if text.utf8.count > Self.limitBytes {
            text = "~" + SHA1.digest(Array(parts[1]).span).map(Self.hexadecimal).joined()
        }
        end = ".by-" + String(decoding: parts[0], as: UTF8.self) + "-" + text
    }

    /// Takes the stem of a file's name apart.
    ///
    /// - Returns: How long it is without the claim, and whose it says the event is; `nil` where it says nothing.
    package static func read(_ stem: ArraySlice<UInt8>) -> (stemCount: Int, owner: [UInt8])? {
        // Names without one have no dot but for those of other publishers.
        guard let dot = stem.lastIndex(of: UInt8(ascii: ".")), stem[dot...].starts(with: mark) else { return nil }
        let words = stem[(dot + mark.count)...]
        guard let dash = words.firstIndex(of: UInt8(ascii: "-")), dash + 1 < words.endIndex,
            isKind(words[..<dash]), let text = decoded(words[(dash + 1)...])
        else { return nil }
        return (dot - stem.startIndex, words[..<dash] + [UInt8(ascii: ":")] + text)
    }

    /// Whether no one but the server's user, and root, can have given a file its name.
    ///
    /// - Parameter directory: The queue's.
    package static func isBelieved(of file: FileStatus, in directory: FileStatus, user: UInt32) -> Bool {
        file.owner == user && !directory.letsOthersRename(filesOf: user)
    }

    private static func decoded(_ text: ArraySlice<UInt8>) -> [UInt8]? {
        var bytes: [UInt8] = []
        var index = text.startIndex
        while index < text.endIndex {
            let byte = text[index]
            index += 1
            if isPlain(byte) || byte == digestMark {
                bytes.append(byte)
            } else {
                guard byte == UInt8(ascii: "%"), index + 1 < text.endIndex, let high = digit(text[index]),
                    let low = digit(text[index + 1])
                else { return nil }
                bytes.append(high << 4 | low)
                index += 2
            }
        }
        return bytes
    }

    private static func isKind(_ bytes: some Collection<UInt8>) -> Bool {
        !bytes.isEmpty && bytes.allSatisfy { $0 &- UInt8(ascii: "a") < 26 }
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        byte | 0x20 &- UInt8(ascii: "a") < 26 || byte &- UInt8(ascii: "0") < 10 || byte == UInt8(ascii: "_")
            || byte == UInt8(ascii: "-")
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        if byte &- UInt8(ascii: "0") < 10 { return byte &- UInt8(ascii: "0") }
        return byte &- UInt8(ascii: "a") < 6 ? byte &- UInt8(ascii: "a") + 10 : nil
    }

    private static func hexadecimal(_ byte: UInt8) -> String {
        let text = String(byte, radix: 16)
        return byte < 16 ? "0" + text : text
    }
}
