import ModelRedis
import Synchronization
import WSQueueNet
import WSQueueSystem
import WSQueueWire

/// A Redis on a Unix socket whose data is a model; it runs until the process ends.
final class FakeRedis: Sendable {
    private final class Peer {
        let socket: Socket
        var reader = CommandReader()
        /// A read that waits for entries, and until when.
        var waiting: (words: [[UInt8]], until: Int64)?

        init(_ socket: consuming Socket) { self.socket = socket }
    }

    let path: String
    private let model = Guarded(ModelRedis())
    private let isSilent = Atomic<Bool>(false)
    private let mustClose = Atomic<Bool>(false)
    private let wakeup: Wakeup

    /// Listens; `path` is that of its socket.
    init(_ path: String) throws {
        self.path = path
        wakeup = try Wakeup()
        let listener = try Listener(.unix(path: path), backlog: 16)
        _ = try LoopThread(name: "redis") { [self] in
            try? run(listener)
        }
    }

    /// Looks at the data, or changes it.
    func withModel<Result: Sendable>(_ body: @Sendable (inout ModelRedis) -> Result) -> Result {
        model.withLock { body(&$0) }
    }

    /// Answers nothing from now on, or answers again.
    func setSilent(_ silent: Bool) { isSilent.store(silent, ordering: .sequentiallyConsistent) }

    /// Ends all connections.
    func closeAll() { mustClose.store(true, ordering: .sequentiallyConsistent) }

    private func run(_ listener: Listener) throws(SystemCallError) {
        var poller = try Poller()
        try poller.add(listener.number, .readable, token: 0)
        var peers: [Int: Peer] = [:]
        var last = 0
        while true {
            let count = try poller.wait(milliseconds: 5)
            if mustClose.exchange(false, ordering: .sequentiallyConsistent) {
                for number in peers.keys { model.withLock { $0.close(number) } }
                peers = [:]
            }
            for index in 0..<count {
                let token = Int(poller.ready(index).token)
                if token == 0 {
                    guard case .client(let socket, _) = listener.accept() else { continue }
                    last += 1
                    try poller.add(socket.number, .readable, token: UInt64(last))
                    peers[last] = Peer(socket)
                } else if let peer = peers[token] {
                    guard let commands = read(peer) else {
                        peers[token] = nil
                        continue
                    }
                    for words in commands { carryOut(words, token, &peers) }
                }
            }
            for (number, peer) in peers { if let waiting = peer.waiting { carryOut(waiting.words, number, &peers) } }
        }
    }

    /// The commands that have come; `nil` at the end.
    private func read(_ peer: Peer) -> [[[UInt8]]]? {
        var commands: [[[UInt8]]] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            var span = buffer.mutableSpan
            switch Socket.receive(into: &span, from: peer.socket.number) {
            case .bytes(let count): commands += peer.reader.read(Array(buffer.prefix(count)))
            case .wouldBlock: return commands
            case .closed: return nil
            }
        }
    }

    private func carryOut(_ words: [[UInt8]], _ number: Int, _ peers: inout [Int: Peer]) {
        guard !isSilent.load(ordering: .sequentiallyConsistent), let peer = peers[number] else { return }
        let replies = model.withLock { $0.execute(words, by: number) }
        let now = Clock.monotonicNanoseconds()
        if words.first == Array("XREAD".utf8), replies.first?.value == .null {
            let until = peer.waiting?.until ?? now + 50_000_000
            peer.waiting = now < until ? (words, until) : nil
            if now < until { return }
        }
        peer.waiting = nil
        for reply in replies {
            guard let other = peers[reply.connection] else { continue }
            _ = Socket.send(reply.value.encoded.span, to: other.socket.number)
        }
    }
}
