/// What a descriptor stands for.
final class OpenFile {
    enum Kind {
        case file(Inode)
        case directory(Inode)
        case null
        case eventCounter
        case signals
        case epoll
        case inotify
        case listener
        case socket(SimulatedConnection)
    }

    struct Interest {
        let descriptor: Int32
        let file: OpenFile
        var events: UInt32
        var token: UInt64
    }

    struct Watch {
        let number: Int32
        let inode: Inode
        let mask: UInt32
    }

    struct Notice: Equatable {
        let watch: Int32
        let mask: UInt32
        let name: String
    }

    var kind: Kind
    let owner: Owner
    var isWriter = false
    var isAppending = false
    /// Where a file is read or written next; of a directory the hash of the last name that was listed.
    var position = 0
    var lastHash: UInt64 = 0
    var counter: UInt64 = 0
    /// Whether a thread sleeps until it is counted up; kept for the planted fault alone.
    var isAwaited = false
    /// Those that have come, each once.
    var signals: [Int32] = []
    var interests: [Interest] = []
    var watches: [Watch] = []
    var lastWatch: Int32 = 0
    var notices: [Notice] = []
    /// Connections that wait to be accepted.
    var backlog: [SimulatedConnection] = []

    init(_ kind: Kind, owner: Owner) {
        self.kind = kind
        self.owner = owner
    }

    var inode: Inode? {
        switch kind {
        case .file(let inode), .directory(let inode): inode
        default: nil
        }
    }

    var connection: SimulatedConnection? {
        if case .socket(let connection) = kind { connection } else { nil }
    }
}

/// A TCP connection: two queues of bytes, of which the one to the client is small.
final class SimulatedConnection {
    var toServer: [UInt8] = []
    var toClient: [UInt8] = []
    var isClosedByClient = false
    var isClosedByServer = false
    var isReset = false
    let capacity: Int

    init(capacity: Int) { self.capacity = capacity }

    /// Writable from a third free on, as the kernel has it.
    var isWritable: Bool { capacity - toClient.count >= capacity / 3 }
}
