internal import WSQueueCore
package import WSQueueSystem

/// Where in the spool a publisher's file goes, which is what its name says (SPEC §2 and §5):
///
/// | name | what it is |
/// | --- | --- |
/// | `<time>-<pid>-<counter>-<random>.json` | an event |
/// | `id-<id>.json` | an event with an id of its own, its time the mtime: a second one of that id finds the name taken |
/// | `at-<any of these>` | the same, not to be sent before that time |
/// | `.held-<any of these>` with `.<random>` before the suffix | the same, not to be sent before it is renamed |
package struct SpoolPlace: Equatable, Sendable {
    /// The id the event carries, if it does.
    package var identity: String?
    /// When it is due, Unix nanoseconds; `nil` for at once.
    package var dueNanoseconds: Int64?

    /// How long after it was published an event may be due: the server waits no longer.
    package static let limitDays = 366

    /// Whether a moment is later than what is published now may be due, both Unix nanoseconds.
    package static func isTooFarAhead(_ due: Int64, unix: Int64) -> Bool {
        let (wait, isTooLong) = due.subtractingReportingOverflow(unix)
        return wait > SpoolName.spanNanoseconds || (isTooLong && due > unix)
    }

    /// Makes a place.
    package init(identity: String? = nil, dueNanoseconds: Int64? = nil) {
        self.identity = identity
        self.dueNanoseconds = dueNanoseconds
    }

    /// What names of files that wait for their time begin with.
    package static let duePrefix = "at-"
    /// What names of files that are held back begin with.
    package static let heldPrefix = ".held-"
}

extension SpoolStem {
    /// The name of the event with this id: its safe bytes as they are, the others as `%` and two digits; of an id too
    /// long for a file name its digest (`id%` and 40 digits).
    package init(identity: String) {
        var text = "id-"
        for byte in identity.utf8 {
            if Self.isSafe(byte) {
                text.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                text += "%" + Self.hexadecimal(byte)
            }
        }
        if text.utf8.count > Self.limitBytes {
            text = "id%" + SHA1.digest(identity.utf8.span).map(Self.hexadecimal).joined()
        }
        self.init(text: text, time: 0)
    }

    /// The stem that `id` is, where it is one that ``SpoolNameSource`` made; ids of that form are such names.
    package init?(generated id: String) {
        let rest = id.utf8.starts(with: SpoolPlace.duePrefix.utf8) ? id.dropFirst(SpoolPlace.duePrefix.count) : id[...]
        let parts = rest.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 4, parts[0].utf8.count == 19, id.utf8.allSatisfy(Self.isSafe) else { return nil }
        guard parts[..<3].allSatisfy({ $0.utf8.allSatisfy { $0 &- UInt8(ascii: "0") < 10 } }) else { return nil }
        self.init(text: id, time: Int64(parts[0]) ?? 0)
    }

    /// The name that waits for its time.
    package var due: SpoolStem { SpoolStem(text: SpoolPlace.duePrefix + description, time: time) }

    /// The name under which it is held back, which no one can guess.
    package func held(_ random: String, _ suffix: SpoolSuffix) -> FileName {
        FileName(SpoolPlace.heldPrefix + description + "." + random + suffix.rawValue)
    }

    /// Leaves room for what stands before and after in the 255 bytes of a name.
    private static let limitBytes = 200

    private static func isSafe(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."),
            UInt8(ascii: ":"), UInt8(ascii: "@"), UInt8(ascii: "+"), UInt8(ascii: "="), UInt8(ascii: ","):
            true
        default: false
        }
    }

    private static func hexadecimal(_ byte: UInt8) -> String {
        let text = String(byte, radix: 16)
        return byte < 16 ? "0" + text : text
    }
}

/// What became of a file that was to be published.
package struct SpoolEntry: Equatable, Sendable {
    /// Its name without the suffix.
    package let stem: SpoolStem
    /// Whether it is new; an event of the same id may have waited already.
    package let isNew: Bool

    /// Makes an entry.
    package init(stem: SpoolStem, isNew: Bool) {
        self.stem = stem
        self.isNew = isNew
    }
}
