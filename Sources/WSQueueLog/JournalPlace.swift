internal import WSQueueSystem

/// Where a journal was when it was last in use: in which run of which machine, and as which file. One that was copied back
/// from a backup knows less than the server that wrote it has sent.
///
/// Two files say it. `anchor` is made anew at each start; `place` names its inode and the time of its last change, which no
/// copy and no backup can bring back.
struct JournalPlace: Equatable {
    /// How a journal that is opened is related to the one that was in use.
    enum Relation: Equatable {
        /// The same, or there is nothing to tell by: an older server does not say where it was.
        case same
        /// The same files, in another run of the machine: it was started anew, or set back to an earlier moment.
        case anotherBoot
        /// Other files, or another machine.
        case elsewhere
    }

    private let boot: String
    private let host: String
    private let device: UInt64
    private let inode: UInt64
    private let changedNanoseconds: Int64

    private static let anchor = FileName("anchor")
    private static let name = FileName("place")
    private static let draft = FileName("place.new")
    private static let limitBytes = 512

    private init(boot: String, host: String, anchor: FileStatus) {
        self.boot = Self.word(boot)
        self.host = Self.word(host)
        device = anchor.device
        inode = anchor.inode
        changedNanoseconds = anchor.changedNanoseconds
    }

    private init?(_ text: String) {
        let words = text.split(separator: " ", omittingEmptySubsequences: false)
        guard words.count == 5, let device = UInt64(words[2]), let inode = UInt64(words[3]), let time = Int64(words[4])
        else { return nil }
        (boot, host) = (String(words[0]), String(words[1]))
        (self.device, self.inode, changedNanoseconds) = (device, inode, time)
    }

    /// Compares where a journal is with where it was.
    static func relation(in directory: Directory, boot: String, host: String) throws(SystemCallError) -> Relation {
        var bytes: [UInt8] = []
        do throws(SystemCallError) {
            let file = try directory.openForReading(name)
            try file.readAll(into: &bytes, limitBytes: limitBytes, object: directory.path(of: name))
        } catch  where error.isNotFound {
            return .same
        }
        guard let was = JournalPlace(String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self))
        else { return .same }
        do throws(SystemCallError) {
            let status = try directory.status(of: anchor)
            return JournalPlace(boot: boot, host: host, anchor: status).relation(to: was)
        } catch  where error.isNotFound {
            return .elsewhere
        }
    }

    func relation(to was: JournalPlace) -> Relation {
        // A file system without a device of its own, such as a container's, has another number each time it is mounted.
        let isAnonymous = { (device: UInt64) in device >> 8 & 0xFFF == 0 && device >> 32 == 0 }
        let isSameDevice = device == was.device || isAnonymous(device) || isAnonymous(was.device) || boot != was.boot
        guard host == was.host, inode == was.inode, changedNanoseconds == was.changedNanoseconds, isSameDevice else {
            return .elsewhere
        }
        return boot == was.boot ? .same : .anotherBoot
    }

    /// Notes where the journal is from now on.
    static func note(in directory: Directory, boot: String, host: String) throws(SystemCallError) {
        // First, so that no crash leaves one that is about another anchor.
        try removeIfThere(name, in: directory)
        try removeIfThere(anchor, in: directory)
        let anchorFile = try directory.openOrCreateFile(anchor, mode: 0o600)
        try anchorFile.writeAll(Array("\(RandomText.make(count: 16))\n".utf8).span, at: 0, object: "anchor")
        let place = JournalPlace(boot: boot, host: host, anchor: try anchorFile.status(object: "anchor"))
        try removeIfThere(draft, in: directory)
        let file = try directory.openOrCreateFile(draft, mode: 0o600)
        try file.writeAll(Array(place.text.utf8).span, at: 0, object: "place")
        try directory.rename(draft, to: name, in: directory)
    }

    private var text: String { "\(boot) \(host) \(device) \(inode) \(changedNanoseconds)\n" }

    private static func word(_ text: String) -> String {
        text.isEmpty ? "-" : String(text.map { $0 == " " || $0 == "\n" ? "_" : $0 })
    }

    private static func removeIfThere(_ name: FileName, in directory: Directory) throws(SystemCallError) {
        do {
            try directory.remove(name)
        } catch  where error.isNotFound {
            return
        }
    }
}
