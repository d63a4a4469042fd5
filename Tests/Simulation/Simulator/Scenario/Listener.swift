import History

/// A client of a story: comes as one user or another, by WebSocket or by a stream, asks for some channels, with and without
/// its state and a place in the past, perhaps for one more while it is there, stays for a while, and writes down what it is
/// told.
final class Listener {
    let name: String
    private(set) var isDone = false
    /// The connection that it has now.
    var talk: ModelTalk?
    /// Places up to which it has had everything, at some time.
    private var places: [HistoryCursor] = []
    private var place: HistoryCursor?
    private var isReplaying = false
    /// Whether the planted fault takes the next event from it.
    private var losesNext = false
    private var isAnswered = false
    /// The channel that it has asked for besides, and from where on, until the answer about that has ended; and whether it
    /// has asked for one.
    private var asked: (channel: String, since: HistoryCursor?, isRefused: Bool)?
    private var hasAsked = false
    /// Whether it reads a stream; whether it was told where it comes from, and which numbering that is of.
    private var isStream = false
    private var isPast = false
    private var isPlaced = false
    /// When the token that it has shown ends (Unix seconds).
    private var tokenEnd: Int64?
    private unowned let scenario: Scenario
    private let story: Story
    private let kernel: Kernel

    /// So late a server may notice that a token has ended.
    private static let tokenPatience: Int64 = 3_000_000_000

    init(name: String, in scenario: Scenario, _ story: Story) {
        self.name = name
        self.scenario = scenario
        self.story = story
        kernel = scenario.kernel
    }

    /// The whole life of the client; the last connection begins after all is published.
    func converse() {
        while !isDone {
            kernel.pause { [kernel] in kernel.listener != nil }
            guard let listener = kernel.listener else { continue }
            let isLast = scenario.isPublished && scenario.hasCrashed
            let connection = SimulatedConnection(capacity: scenario.profile.socketBytes)
            listener.backlog.append(connection)
            begin(connection)
            stay(connection, isLast: isLast)
            connection.isClosedByClient = true
            connection.toClient = []
            end()
            if let place { places.append(place) }
            isDone = isLast && isAnswered && story.deliveryCount >= Scenario.leastDeliveries
            kernel.pause(until: kernel.now + Int64(kernel.random.below(kernel.random.pick([2_000_000, 300_000_000]))))
        }
    }

    /// What it was told by now is all there is of this connection.
    func end() {
        if let talk { story.note(talk) }
        talk = nil
    }

    // MARK: A connection

    private func begin(_ connection: SimulatedConnection) {
        let drawn = kernel.random.chance(perMille: 700) ? kernel.random.pick(Story.users) : nil
        let user = scenario.profile.hasOneUser ? Story.users[0] : drawn
        var asks = (Story.open + Story.guarded).filter { _ in kernel.random.chance(perMille: 400) }
        if kernel.random.chance(perMille: 300) { asks = [kernel.random.pick(Story.rare)] }
        if kernel.random.chance(perMille: 150) { asks.append(kernel.random.pick(["**", "s.*"])) }
        let since: HistoryCursor? =
            switch kernel.random.below(10) {
            case 0...1: nil
            case 2...4: places.isEmpty ? nil : kernel.random.pick(places)
            default: place
            }
        let wantsState = kernel.random.chance(perMille: 500)
        isStream = kernel.random.chance(perMille: 300)
        talk = ModelTalk(
            name: name, user: user, asks: asks, since: since, wantsState: wantsState, isStream: isStream,
            startMicroseconds: kernel.unix / 1_000, rights: story.possibleRights)
        var query: [String] = []
        var fields: [String] = []
        if !asks.isEmpty { query.append("channels=\(asks.joined(separator: ","))") }
        if let since {
            // A browser that comes back by itself still says what stood in its URL.
            if isStream, kernel.random.chance(perMille: 500) {
                fields.append("Last-Event-ID: \(since)")
                if let old = places.first { query.append("since=\(old)") }
            } else {
                query.append("since=\(since)")
            }
        }
        if wantsState { query.append("state=1") }
        if !isStream { fields += Self.upgrade }
        tokenEnd = nil
        if let user {
            // Most have tokens without an end; the others end soon, or are over for no longer than clocks may differ.
            if kernel.random.chance(perMille: 200) {
                tokenEnd = kernel.unix / 1_000_000_000 + Int64(kernel.random.pick([1, 2, 3, -29, -28, -31]))
            }
            fields.append("Authorization: Bearer \(Tokens.make(user: user, until: tokenEnd))")
        }
        let target = "/\(isStream ? "events" : "")?\(query.joined(separator: "&"))"
        let lines = ["GET \(target) HTTP/1.1", "Host: 127.0.0.1:8081"] + fields
        connection.toServer = Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8)
        place = since ?? place
        isReplaying = since != nil || wantsState
        isAnswered = false
        asked = nil
        hasAsked = false
        isPlaced = false
        isPast = false
    }

    static let upgrade = [
        "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==", "Sec-WebSocket-Protocol: wsqueue.v1",
    ]

    private func stay(_ connection: SimulatedConnection, isLast: Bool) {
        let patience = kernel.random.below(tokenEnd == nil ? 1_000_000_000 : 9_000_000_000)
        let end = isLast ? Int64.max : kernel.now + Int64(patience)
        var reception = Reception(isStream: isStream)
        var tokenLimit = Int64.max
        while kernel.now < end, !(isLast && isAnswered) {
            kernel.pause(until: min(end, tokenLimit)) {
                !connection.toClient.isEmpty || connection.isReset || connection.isClosedByServer
            }
            guard !connection.toClient.isEmpty else {
                if connection.isReset || connection.isClosedByServer { return }
                if kernel.now >= tokenLimit { scenario.fail("\(name): its token has ended, and it is still there") }
                return
            }
            reception.take(1 + kernel.random.below(connection.toClient.count), from: connection)
            guard !reception.isRefused else { return }
            guard reception.isUpgraded else { continue }
            if let tokenEnd, tokenLimit == .max { tokenLimit = limit(ofTokenUntil: tokenEnd) }
            while let (opcode, payload) = reception.next() {
                switch opcode {
                case .text: hear(payload)
                case .ping: connection.toServer += [0x8A, 0x80, 0, 0, 0, 0]
                case .close: return
                case nil: scenario.fail("\(name): a frame of an unknown kind")
                }
            }
            while let piece = reception.nextPiece() { hearPiece(piece) }
            if kernel.random.chance(perMille: 5) { return }
            if !isLast, isAnswered, kernel.random.chance(perMille: 100) { ask(connection) }
        }
    }

    /// Until when the server may take a client for the user of its token, on the steady clock; it was let in just now.
    private func limit(ofTokenUntil end: Int64) -> Int64 {
        let unix = kernel.unix / 1_000_000_000
        if end + Story.tokenLeeway < unix { scenario.fail("\(name): its token had ended before it was let in") }
        let left = (end > unix ? end : end + Story.tokenLeeway) * 1_000_000_000 - kernel.unix
        return kernel.now + left + Self.tokenPatience * (kernel.settings.stallPerMille > 0 ? 5 : 1)
    }

    /// Asks for a channel besides, from some place on, and then where it stands: that has an answer in any case.
    private func ask(_ connection: SimulatedConnection) {
        // What has gone while it was told of the state alone is told behind that, which would seem to be this answer.
        guard let talk, !isStream, !hasAsked, !isReplaying, let place, talk.since != nil || !talk.wantsState,
            !talk.asks.contains(where: { $0.contains("*") })
        else { return }
        let channel = kernel.random.pick((Story.open + Story.guarded + Story.rare).filter { !talk.asks.contains($0) })
        let earlier = places.filter { $0.epoch == place.epoch && $0.seq < place.seq }
        let since = earlier.isEmpty ? nil : kernel.random.pick(earlier)
        let wantsState = since == nil || kernel.random.chance(perMille: 500)
        let past = since.map { #","since":"\#($0)""# } ?? ""
        let state = wantsState ? #","state":true"# : ""
        send(#"{"action":"subscribe","data":{"channel":"\#(channel)"\#(past)\#(state)}}"#, connection)
        send(#"{"action":"resume","data":{"since":"\#(place)"}}"#, connection)
        note(.asks(channel: channel, since: since, wantsState: wantsState, place: place))
        asked = (channel, since, false)
        hasAsked = true
        isReplaying = true
        isAnswered = false
    }

    /// Sends a text frame, masked with zeros (RFC 6455 §5.3).
    private func send(_ text: String, _ connection: SimulatedConnection) {
        let bytes = Array(text.utf8)
        let isShort = bytes.count < 126
        let length = isShort ? [0x80 | UInt8(bytes.count)] : [0xFE, UInt8(bytes.count >> 8), UInt8(bytes.count & 255)]
        connection.toServer += [0x81] + length + [0, 0, 0, 0] + bytes
    }

    // MARK: What it hears

    /// A piece of a stream: lines up to an empty one.
    private func hearPiece(_ piece: Reception.Piece) {
        scenario.trace(name, Array("id \(piece.id ?? "-")".utf8))
        let cursor = piece.id.flatMap { HistoryCursor($0) }
        if let cursor {
            if !isPast, !isPlaced, piece.data == nil, talk?.since != nil, talk?.wantsState == false {
                // Where it comes from is said again, as it may have had no event yet.
                isPast = true
                return
            }
            place(in: cursor.epoch, at: talk?.since == nil && talk?.wantsState == false ? cursor.seq : 0)
        }
        if let data = piece.data { hear(data[...]) }
        guard let cursor else { return }
        if piece.data == nil, isReplaying {
            if talk?.since != nil { note(.resumed(cursor, .complete, trimmed: story.look())) }
            isReplaying = false
        }
        note(.mayReturn(cursor))
        place = cursor
        if !isReplaying { isAnswered = true }
    }

    private func hear(_ text: ArraySlice<UInt8>) {
        scenario.trace(name, text)
        // Who listens to everything is told of the visitors, who are no history.
        if Bytes.begins(text, with: "{\"event\":\"presence.") { return }
        if Bytes.begins(text, with: "{\"event\"") { return hearEvent(text) }
        switch Bytes.value("\"action\":\"", end: 0x22, in: text).map(Bytes.text) {
        case "welcome":
            guard let cursor = cursor(in: text) else { return }
            note(.welcome(cursor))
            if !isReplaying { place = cursor }
            isAnswered = !isReplaying
        case "error":
            if Bytes.find("\"code\":\"token_expired\"", in: text) != nil { return story.noteTokenEnd() }
            guard let channel = Bytes.value("\"channel\":\"", end: 0x22, in: text),
                Bytes.find("\"code\":\"forbidden\"", in: text) != nil
            else { return scenario.fail("\(name): \(Bytes.text(text))") }
            note(.refused(Bytes.text(channel)))
            if asked?.channel == Bytes.text(channel) { asked?.isRefused = true }
        case "state": hearState(text)
        case "resumed": hearAnswer(text)
        case "subscribe":
            if let channel = Bytes.value("\"channel\":\"", end: 0x22, in: text) { note(.listens(Bytes.text(channel))) }
        case "token_expiring": break
        default: scenario.fail("\(name): \(Bytes.text(text))")
        }
    }

    private func hearState(_ text: ArraySlice<UInt8>) {
        guard let keys = Bytes.number("\"keys\":", in: text) else { return note(.stateBegins) }
        guard let cursor = cursor(in: text) else { return }
        if isStream { place(in: cursor.epoch, at: 0) }
        let isComplete = Bytes.find("\"complete\":true", in: text) != nil
        note(.stateEnds(cursor, keys: Int(keys), isComplete: isComplete, unixMicroseconds: kernel.unix / 1_000))
        losesNext = scenario.profile.machine.fault == .stateSeam
        guard asked == nil else {
            if asked?.since == nil { asked = nil }
            return
        }
        guard talk?.since == nil, !isStream else { return }
        place = cursor
        isReplaying = false
        isAnswered = true
    }

    private func hearAnswer(_ text: ArraySlice<UInt8>) {
        guard let cursor = cursor(in: text) else { return }
        var answer = ModelTalk.Answer.complete
        if let gap = Bytes.value("\"to\":\"", end: 0x22, in: text).flatMap({ HistoryCursor(Bytes.text($0)) }) {
            answer = scenario.profile.machine.fault == .gapUnsaid ? .complete : .gap(to: gap)
        } else if Bytes.find("\"healed\":true", in: text) != nil {
            answer = .healed
        } else if Bytes.find("\"complete\":true", in: text) == nil {
            scenario.fail("\(name): neither complete nor a gap: \(Bytes.text(text))")
        }
        if isStream { place(in: cursor.epoch, at: 0) }
        if let asked, let since = asked.since {
            self.asked = nil
            let from = Bytes.value("\"from\":\"", end: 0x22, in: text).map(Bytes.text)
            let isItsAnswer = answer == .healed || from == "\(since)"
            // It is told nothing where all of that has come: then this is the answer about where it stood.
            let joined = isItsAnswer ? answer : .complete
            if !asked.isRefused { note(.joined(cursor, joined, trimmed: story.look())) }
            guard !isItsAnswer else { return }
        }
        note(.resumed(cursor, answer, trimmed: story.look()))
        isReplaying = false
        guard !isStream else { return }
        place = cursor
        isAnswered = true
    }

    private func hearEvent(_ text: ArraySlice<UInt8>) {
        guard let seq = Bytes.number("\"seq\":", in: text), let publisher = Bytes.number("\"p\":", in: text),
            let number = Bytes.number("\"n\":", in: text)
        else { return scenario.fail("\(name): \(Bytes.text(text))") }
        if scenario.profile.extras.payloadKey != nil, Bytes.find(",\"data\":{\"p\":", in: text) == nil {
            scenario.fail("\(name): the payload has another name: \(Bytes.text(text))")
        }
        if losesNext {
            losesNext = false
            return
        }
        if scenario.profile.machine.fault == .onlyOneConnection, story.isSecondConnection(self) { return }
        story.noteDelivery()
        let channel = Bytes.value("\"channel\":\"", end: 0x22, in: text).map(Bytes.text)
        note(.event(seq: seq, EventNumber(publisher: Int(publisher), number: Int(number)), channel: channel))
        guard !isReplaying, !isStream, let epoch = place?.epoch else { return }
        place = HistoryCursor("\(epoch):\(seq)")
    }

    private func cursor(in text: ArraySlice<UInt8>) -> HistoryCursor? {
        let found = Bytes.value("\"cursor\":\"", end: 0x22, in: text).flatMap { HistoryCursor(Bytes.text($0)) }
        if found == nil { scenario.fail("\(name): no cursor: \(Bytes.text(text))") }
        return found
    }

    /// The first that says which numbering it is stands for a welcome: what came before belongs to it.
    private func place(in epoch: String, at seq: UInt64) {
        guard !isPlaced, let cursor = HistoryCursor("\(epoch):\(seq)") else { return }
        isPlaced = true
        talk?.facts.insert(.welcome(cursor), at: 0)
    }

    private func note(_ fact: ModelTalk.Fact) {
        story.noteFact()
        talk?.facts.append(fact)
    }
}
