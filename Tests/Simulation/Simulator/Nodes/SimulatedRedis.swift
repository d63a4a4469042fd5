import History
import ModelRedis

/// The Redis of several servers: its data is a model, and when it answers follows from the seed.
final class SimulatedRedis {
    /// A connection as Redis sees it.
    private final class Peer {
        let number: Int
        let connection: SimulatedConnection
        var reader = CommandReader()
        /// What has been read and not been carried out.
        var commands: [[[UInt8]]] = []
        /// A read that waits for entries, until when, and which changes it has seen.
        var waiting: (words: [[UInt8]], until: Int64, changes: Int)?
        /// What has been sent is on its way until then.
        var readableAt: Int64 = 0
        /// Whether it asks for entries.
        var isReader = false
        /// Whether the other end has closed it, as far as is known here.
        var isEnding = false

        init(number: Int, connection: SimulatedConnection) {
            self.number = number
            self.connection = connection
        }
    }

    private(set) var model = ModelRedis()
    private let kernel: Kernel
    private let troubles: RedisTroubles
    private var troublesLeft: ArraySlice<RedisTroubles.Trouble>
    private var commandsToTrouble: Int
    /// Is told the texts of events that it had and has no more.
    private let noteLoss: ([String]) -> Void
    private var peers: [Peer] = []
    private var lastPeer = 0
    /// How many commands were carried out.
    private var changes = 0
    private var isDown = false
    private var isHurried = false
    /// It does nothing until then.
    private var silentUntil: Int64 = 0
    /// What is on its disk.
    private var saved = ModelRedis()
    /// What it had under each name of the numbering before it lost something or the name changed.
    private var pasts: [(epoch: String?, model: ModelRedis)] = []

    private static let blockNanoseconds: Int64 = 1_000_000_000

    init(_ troubles: RedisTroubles, on kernel: Kernel, noteLoss: @escaping ([String]) -> Void) {
        self.kernel = kernel
        self.troubles = troubles
        self.noteLoss = noteLoss
        troublesLeft = troubles.all[...]
        commandsToTrouble = RedisTroubles.commandsToTrouble(&kernel.random)
    }

    func start() {
        kernel.connect = { [unowned self] in accept($0) }
        kernel.spawn("redis", owner: .world, serve)
    }

    /// Whether nothing happens to it any more.
    var isCalm: Bool { troublesLeft.isEmpty && !isDown }

    /// An event that is in the stream twice, though it says no id by which a publisher may have published it twice.
    var doubled: String? {
        var seen: Set<String> = []
        // News of who is there are told again until it is known that they are in it, each under its own id.
        return model.events.first {
            !$0.hasPrefix("presence-") && Bytes.find("\"id\":", in: Array($0.utf8)[...]) == nil
                && !seen.insert($0).inserted
        }
    }

    /// The texts of the events that have, or have had, a number of a numbering up to this one.
    func events(upTo cursor: HistoryCursor) -> [String] {
        (pasts + [(epoch, model)]).filter { $0.epoch == cursor.epoch }.flatMap { $0.model.events(upTo: cursor.seq) }
    }

    private var epoch: String? { model.string("{wsqueue}:epoch") }

    /// Has what is to happen happen soon.
    func hurry() {
        isHurried = true
        commandsToTrouble = min(commandsToTrouble, 20)
    }

    private func accept(_ connection: SimulatedConnection) -> Bool {
        guard !isDown else { return false }
        lastPeer += 1
        peers.append(Peer(number: lastPeer, connection: connection))
        return true
    }

    private func serve() {
        while true {
            kernel.pause(until: nextMoment) { [unowned self] in isReady }
            guard isReady else { continue }
            let ready = peers.filter(isReady)
            kernel.now += Int64(500 + kernel.random.below(20_000))
            goOn(with: kernel.random.pick(ready))
            if commandsToTrouble <= 0, let trouble = troublesLeft.popFirst() { suffer(trouble) }
            if kernel.random.chance(perMille: troubles.slowPerMille) {
                kernel.pause(until: kernel.now + Int64(kernel.random.below(troubles.slowNanoseconds)))
            }
        }
    }

    private var isReady: Bool { !isDown && kernel.now >= silentUntil && peers.contains(where: isReady) }

    /// When something is due without anyone having done anything.
    private var nextMoment: Int64 {
        var next = silentUntil > kernel.now ? silentUntil : .max
        for peer in peers {
            if let waiting = peer.waiting { next = min(next, max(waiting.until, silentUntil)) }
            if peer.readableAt > kernel.now { next = min(next, max(peer.readableAt, silentUntil)) }
        }
        // At the moment itself it is ready, or has to wait for someone.
        return next > kernel.now ? next : .max
    }

    private func isReady(_ peer: Peer) -> Bool {
        if let waiting = peer.waiting {
            return waiting.changes != changes || kernel.now >= waiting.until || peer.connection.isClosedByServer
        }
        if !peer.commands.isEmpty { return true }
        guard kernel.now >= peer.readableAt else { return false }
        return !peer.connection.toClient.isEmpty || peer.connection.isClosedByServer
    }

    private func goOn(with peer: Peer) {
        let isClosed = peer.connection.isClosedByServer
        if isClosed, !peer.isEnding {
            // What a server has sent before its end may never come, or come late.
            peer.isEnding = true
            peer.waiting = nil
            if kernel.random.chance(perMille: 500) { peer.connection.toClient = [] }
            peer.readableAt = kernel.now + Int64(kernel.random.below(troubles.lateNanoseconds))
        } else if let waiting = peer.waiting {
            carryOut(waiting.words, of: peer)
        } else if !peer.commands.isEmpty {
            carryOut(peer.commands.removeFirst(), of: peer)
        } else if !peer.connection.toClient.isEmpty {
            let count = 1 + kernel.random.below(peer.connection.toClient.count)
            peer.commands += peer.reader.read(Array(peer.connection.toClient.prefix(count)))
            peer.connection.toClient.removeFirst(count)
            // Of events that are late by five seconds a client that knows of them is told as if they were lost (Replay.swift),
            // unless its server knows that Redis is away.
            if !peer.isReader, kernel.random.chance(perMille: troubles.stallPerMille) {
                peer.readableAt = kernel.now + Int64(kernel.random.below(troubles.stallNanoseconds))
            }
        } else {
            drop(peer)
        }
    }

    private func drop(_ peer: Peer) {
        peer.connection.isClosedByClient = true
        peer.connection.toClient = []
        model.close(peer.number)
        peers.removeAll { $0 === peer }
    }

    private func suffer(_ trouble: RedisTroubles.Trouble) {
        if kernel.settings.isTraced { print("\(kernel.now) redis \(trouble)") }
        commandsToTrouble = RedisTroubles.commandsToTrouble(&kernel.random)
        if isHurried { hurry() }
        let duration = Int64(kernel.random.below(kernel.random.pick([10_000_000, 500_000_000, 6_000_000_000])))
        guard trouble != .pauses else {
            silentUntil = kernel.now + duration
            return
        }
        for peer in peers {
            // What it has answered may be lost with the connection.
            if kernel.random.chance(perMille: 500) { peer.connection.isReset = true }
            drop(peer)
        }
        guard trouble != .disconnects else { return }
        let before = model.events
        if trouble.isLoss { pasts.append((epoch, model)) }
        if trouble == .loses { model = ModelRedis() }
        if trouble == .forgets { model = saved }
        model.closeAll()
        saved = model
        if trouble.isLoss {
            let left = Set(model.events)
            noteLoss(before.filter { !left.contains($0) })
        }
        isDown = true
        kernel.pause(until: kernel.now + duration)
        isDown = false
    }

    private func carryOut(_ words: [[UInt8]], of peer: Peer) {
        commandsToTrouble -= 1
        if troubles.hasReplica { model.replicas = kernel.random.chance(perMille: 50) ? 0 : 1 }
        if words[0] == Self.read { peer.isReader = true }
        let asked = kernel.settings.fault.map { wrong(words, $0) } ?? words
        let before = (epoch: epoch, model: model)
        let replies = model.execute(asked, by: peer.number)
        if before.epoch != epoch, before.epoch != nil { pasts.append(before) }
        if words[0] == Self.read, replies[0].value == .null {
            let until = peer.waiting?.until ?? kernel.now + Self.blockNanoseconds
            peer.waiting = kernel.now < until ? (words, until, changes) : nil
            if peer.waiting != nil { return }
        }
        peer.waiting = nil
        if words[0] != Self.read { changes += 1 }
        if kernel.random.chance(perMille: troubles.savePerMille) { saved = model }
        for reply in replies {
            guard let other = peers.first(where: { $0.number == reply.connection }) else { continue }
            if !other.connection.isClosedByServer { other.connection.toServer += reply.value.encoded }
        }
    }

    /// What a server asks that has a fault.
    private func wrong(_ words: [[UInt8]], _ fault: PlantedFault) -> [[UInt8]] {
        switch (fault, Bytes.text(words[0])) {
        case (.fenceUnchecked, "WATCH") where Bytes.text(words[1]).contains("fence:"),
            (.noteUnread, "GET") where Bytes.text(words[1]).contains("sent:"):
            return [words[0], Array("none".utf8)]
        case (.talkLost, "PUBLISH"): return [Array("PING".utf8)]
        case (.outboxTrimmedEarly, "EVAL") where words.count == 7 && words[2] == Array("2".utf8):
            var reader = CommandReader()
            for name in reader.read(words[6]).joined() { kernel.remove(event: Bytes.text(name)) }
            return words
        default: return words
        }
    }

    private static let read = Array("XREAD".utf8)
}
