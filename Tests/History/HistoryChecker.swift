/// Compares a history with what wsqueue promises (SPEC §2 Order and Identity, §4 History, §7).
///
/// - An event whose publication has returned `ok` reaches every client that listens for it. A power cut excuses what was
///   published to survive a kill only.
/// - Each client gets rising numbers, one publisher's events in their order, each event once, with the bytes that were
///   published. After a power cut, and after the end of a server that had an error of the disk, an event that came before
///   may come again under the same id: the journal may not know it, and its file is there (SPEC §2, delete after broadcast).
///   Never while one server lives, so never in one connection.
/// - One number of one epoch is borne by one event, for all clients and servers.
/// - A client that has a number has everything it listens for up to that number, but what a gap has told.
/// - A gap is told only after a power cut, an error of the disk, or a loss of Redis. What Redis has lost may be missing, and
///   another event may have its number; so may what the gap tells a client that comes back after the numbers began anew.
///   It may also come late, from a server that has sent it and has not noticed the loss, and again on another connection, where
///   its file was still there.
///
/// `note` takes entries as they happen; `finish` looks at the whole.
package struct HistoryChecker {
    struct Published {
        var hash: UInt64
        var channel: String?
        var survival: HistoryEntry.Survival?
        var hasFailed = false
        /// Whether a power cut came after it had been published to survive a kill only.
        var isExcused = false
        /// Whether Redis has lost it.
        var isLost = false
    }

    struct Place: Hashable {
        let epoch: String
        let seq: UInt64
    }

    package private(set) var counts = HistoryCounts()
    private var published: [EventNumber: Published] = [:]
    private var clients: [String: ClientHistory] = [:]
    private var borne: [Place: EventNumber] = [:]
    private var findings: [HistoryFinding] = []
    /// After how many moments events may come again, and whether the end of a server is one: its disk has had an error.
    private var doubts = 0
    private var isDoubtful = false

    /// Begins with an empty history.
    package init() {}

    /// What is wrong so far; ``finish()`` finds what only the end can tell.
    package var found: [HistoryFinding] { findings }

    /// Takes the next fact.
    package mutating func note(_ entry: HistoryEntry) {
        switch entry {
        case .publish(let event, let publication): note(event, publication)
        case .server(_, .kill):
            counts.kills += 1
            if isDoubtful { doubts += 1 }
            isDoubtful = false
        case .server: break
        case .powerCut:
            counts.powerCuts += 1
            doubts += 1
            for (event, one) in published where one.survival == .kill { published[event]?.isExcused = true }
        case .diskError:
            counts.diskErrors += 1
            isDoubtful = true
        case .redisLoss: counts.losses += 1
        case .lost(let event):
            counts.losses += 1
            published[event]?.isExcused = true
            published[event]?.isLost = true
        case .client(let name, let fact): note(name, fact)
        case .left(let file): findings.append(HistoryFinding(.left, file))
        }
    }

    /// Whether every client has every event that it must get, as far as is known now.
    package var isSatisfied: Bool {
        published.allSatisfy { event, one in
            !one.mustArrive
                || clients.values.allSatisfy { !$0.wants(one.channel) || $0.has(event) || $0.knowsGone(event) }
        }
    }

    /// What is wrong with the whole history; to be called once, at its end.
    package mutating func finish() -> [HistoryFinding] {
        for (name, client) in clients.sorted(by: { $0.key < $1.key }) {
            let lost = missing(client) { $0.mustArrive }
            if !lost.isEmpty { report(.lost, name, lost) }
            let passed = Set(
                borne.filter { place, event in client.hasPassed(place) && !client.has(event) }.map(\.value))
            let skipped = missing(client) { !$0.mustArrive && !$0.isLost }.filter(passed.contains)
            if !skipped.isEmpty { report(.skipped, name, skipped) }
        }
        return findings
    }

    private func missing(_ client: ClientHistory, _ isMeant: (Published) -> Bool) -> [EventNumber] {
        published.filter { event, one in
            isMeant(one) && client.wants(one.channel) && !client.has(event) && !client.knowsGone(event)
        }.map(\.key).sorted { ($0.publisher, $0.number) < ($1.publisher, $1.number) }
    }

    private mutating func report(_ kind: HistoryFinding.Kind, _ name: String, _ events: [EventNumber]) {
        let shown = events.prefix(4).map(\.description).joined(separator: " ")
        findings.append(HistoryFinding(kind, "client \(name): \(events.count): \(shown)"))
    }

    private mutating func note(_ event: EventNumber, _ publication: HistoryEntry.Publication) {
        switch publication {
        case .invoked(let hash, let channel):
            if published[event] == nil {
                counts.events += 1
                published[event] = Published(hash: hash, channel: channel)
            }
            // Tried again, after a failure or because the publisher could not know.
            published[event]?.hasFailed = false
        case .ok(let survival): published[event]?.survival = survival
        case .failed where published[event]?.survival == nil: published[event]?.hasFailed = true
        case .failed: break
        case .unknown: break
        }
    }

    private mutating func note(_ name: String, _ fact: HistoryEntry.ClientFact) {
        var client = clients[name] ?? ClientHistory()
        switch fact {
        case .listens(let channels): client.channels = Set(channels)
        case .connects(let cursor):
            counts.connections += 1
            client.connect(cursor, doubts: doubts)
        case .welcome(let cursor): client.welcome(cursor)
        case .event(let seq, let event, let hash, let id): take(seq, event, hash, id, by: name, &client)
        case .resumed(let cursor, let gap):
            if let gap {
                counts.gaps += 1
                if counts.powerCuts + counts.diskErrors + counts.losses == 0 {
                    findings.append(HistoryFinding(.gap, "client \(name): up to \(gap)"))
                }
            }
            client.resume(cursor, gap: gap)
        case .told(let event): client.noteGone(event)
        case .closed: break
        }
        clients[name] = client
    }

    private mutating func take(
        _ seq: UInt64, _ event: EventNumber, _ hash: UInt64, _ id: String, by name: String,
        _ client: inout ClientHistory
    ) {
        func find(_ kind: HistoryFinding.Kind, _ text: String) {
            findings.append(HistoryFinding(kind, "client \(name): \(event) at \(client.epoch):\(seq) \(text)"))
        }
        counts.deliveries += 1
        if seq <= client.seq { find(.disordered, "after \(client.seq)") }
        guard let one = published[event] else { return find(.foreign, "was not published") }
        if one.hash != hash { find(.altered, "has other bytes") }
        if !client.wants(one.channel) { find(.altered, "of a channel it does not listen to") }
        if one.hasFailed { find(.refused, "came after its publication had failed") }
        let other = borne.updateValue(event, forKey: Place(epoch: client.epoch, seq: seq))
        let isLost = one.isLost || other.flatMap { published[$0]?.isLost } ?? false
        if let other, other != event, !isLost { find(.renumbered, "where \(other) was before") }
        switch client.take(seq, event, id: id) {
        case .new: break
        case .late where one.isLost: break
        case .late(let before): find(.disordered, "after \(before) of the same publisher")
        case .again(let known, let isDoubted, let isHere):
            counts.repetitions += 1
            if !isDoubted, !one.isLost || isHere { find(.doubled, "came before") }
            if known != id { find(.doubled, "came before as \(known), now as \(id)") }
        }
    }
}

extension HistoryChecker.Published {
    /// Whether it is a fault when it does not arrive.
    var mustArrive: Bool { survival != nil && !isExcused }
}
