import WSQueueWire

/// What servers use of Redis, in memory: strings, one stream, transactions under a watch, and a channel.
package struct ModelRedis: Sendable {
    /// An answer, or a push, and the connection that gets it.
    package struct Reply: Equatable, Sendable {
        package let connection: Int
        package let value: RESPValue
    }

    private struct Entry {
        let seq: UInt64
        let fields: [[UInt8]]

        var value: RESPValue { .list([.of("0-\(seq)"), .list(fields.map(RESPValue.text))]) }
    }

    private struct Connection {
        var watched: [String: Int] = [:]
        /// The commands of a transaction that has begun.
        var queued: [[[UInt8]]]?
        var isListening = false
    }

    private var strings: [String: [UInt8]] = [:]
    private var hashes: [String: [[UInt8]: [UInt8]]] = [:]
    private var entries: [Entry] = []
    /// Which entry has ended the state of a field last.
    private var endedAt: [String: UInt64] = [:]
    private var lastSeq: UInt64 = 0
    /// How often each key was changed.
    private var changes: [String: Int] = [:]
    private var connections: [Int: Connection] = [:]
    /// How many replicas have what was written.
    package var replicas: Int64 = 0
    /// What it refuses, by the first word of a command.
    package var refusals: [String: String] = [:]
    /// What fails when it is carried out, in a transaction too, by the first word of a command.
    package var failures: [String: String] = [:]

    package init() {}

    /// The texts of the stream's events, in order.
    package var events: [String] { entries.map { Self.text($0.fields.count > 1 ? $0.fields[1] : []) } }

    /// The texts of the stream's events up to a number.
    package func events(upTo seq: UInt64) -> [String] {
        entries.filter { $0.seq <= seq }.map { Self.text($0.fields.count > 1 ? $0.fields[1] : []) }
    }

    /// The value of a string.
    package func string(_ key: String) -> String? { strings[key].map(Self.text) }

    /// Sets a string, as another client would.
    package mutating func set(_ key: String, to value: String) { change(key) { $0[key] = Array(value.utf8) } }

    /// Loses the stream, as a server does that was not told to keep it.
    package mutating func loseStream() {
        entries = []
        lastSeq = 0
    }

    /// Carries out a command.
    ///
    /// - Returns: The answer, after the pushes that the command leads to.
    package mutating func execute(_ words: [[UInt8]], by number: Int) -> [Reply] {
        var connection = connections[number] ?? Connection()
        defer { connections[number] = connection }
        let name = Self.text(words[0])
        if let refusal = refusals[name] { return [Reply(connection: number, value: .error(refusal))] }
        if let queued = connection.queued, name != "EXEC" {
            connection.queued = queued + [words]
            return [Reply(connection: number, value: .of("QUEUED"))]
        }
        switch name {
        case "MULTI": connection.queued = []
        case "WATCH":
            let key = Self.text(words[1])
            if connection.watched[key] == nil { connection.watched[key] = changes[key] ?? 0 }
        case "EXEC":
            let isUntouched = connection.watched.allSatisfy { changes[$0.key] ?? 0 == $0.value }
            let queued = connection.queued ?? []
            connection.queued = nil
            connection.watched = [:]
            guard isUntouched else { return [Reply(connection: number, value: .null)] }
            return [Reply(connection: number, value: .list(queued.map { perform($0) }))]
        case "SUBSCRIBE":
            connection.isListening = true
            return [Reply(connection: number, value: .push([.of("subscribe"), .text(words[1]), .integer(1)]))]
        case "PUBLISH":
            let push = RESPValue.push([.of("message"), .text(words[1]), .text(words[2])])
            let listeners = connections.filter { $0.value.isListening }.keys.sorted()
            return listeners.map { Reply(connection: $0, value: push) }
                + [Reply(connection: number, value: .integer(Int64(listeners.count)))]
        default: return [Reply(connection: number, value: perform(words))]
        }
        return [Reply(connection: number, value: .of("OK"))]
    }

    /// Forgets a connection.
    package mutating func close(_ number: Int) { connections[number] = nil }

    /// Forgets all connections, as a server has that begins.
    package mutating func closeAll() { connections = [:] }

    private mutating func perform(_ words: [[UInt8]]) -> RESPValue {
        let texts = words.map(Self.text)
        if let failure = failures[texts[0]] { return .error(failure) }
        switch texts[0] {
        case "HELLO": return .map([.of("version"), .of("7.2.0"), .of("role"), .of("master")])
        case "INCR": return increase(texts[1], by: 1)
        case "INCRBY": return increase(texts[1], by: Int64(texts[2]) ?? 0)
        case "GET": return strings[texts[1]].map(RESPValue.text) ?? .null
        case "SET": return set(words, texts)
        case "DEL":
            change(texts[1]) { $0[texts[1]] = nil }
            return .integer(1)
        case "WAIT": return .integer(replicas)
        case "XADD":
            lastSeq += 1
            let first = (texts.firstIndex(of: "0-*") ?? 0) + 1
            entries.append(Entry(seq: lastSeq, fields: Array(words[first...])))
            return .of("0-\(lastSeq)")
        case "EVALSHA", "EVAL": return script(words, texts)
        case "XREAD":
            let seq = Self.seq(texts.last ?? "")
            let found = entries.filter { $0.seq > seq }.prefix(256).map(\.value)
            return found.isEmpty ? .null : .map([.of(texts[texts.count - 2]), .list(found)])
        case "XRANGE": return .list(entries.filter { $0.seq == Self.seq(texts[2]) }.map(\.value))
        case "XINFO":
            guard lastSeq > 0 else { return .error("ERR no such key") }
            let first = entries.first?.seq ?? 0
            return .map([
                .of("last-generated-id"), .of("0-\(lastSeq)"), .of("recorded-first-entry-id"), .of("0-\(first)"),
            ])
        default: return .of("OK")
        }
    }

    /// The scripts are told apart by how many keys they have, and by what they call.
    private mutating func script(_ words: [[UInt8]], _ texts: [String]) -> RESPValue {
        switch (texts[2], texts[0] == "EVALSHA" || texts[1].contains("'XADD'")) {
        case ("2", true): return append(words, texts)
        case ("2", false) where texts[1].contains("'XREVRANGE'"):
            guard let last = entries.last, last.fields.count > 3, last.fields[3] == words[5] else {
                return .error("ERR the events were refused")
            }
            change(texts[4]) { $0[texts[4]] = words[6] }
            return .of("OK")
        case ("2", false): return correct(words, texts)
        case ("3", _):
            guard string(texts[5]) == texts[6], let end = UInt64(texts[7]) else { return .integer(0) }
            change(texts[4]) { $0[texts[4]] = Array("\(end) ".utf8) + words[9] }
            let before = entries.count
            entries.removeAll { $0.seq <= end }
            return .integer(Int64(before - entries.count))
        default: return .list((hashes[texts[3]] ?? [:]).flatMap { [RESPValue.text($0.key), .text($0.value)] })
        }
    }

    private mutating func append(_ words: [[UInt8]], _ texts: [String]) -> RESPValue {
        lastSeq += 1
        let (event, id, times, owner) = (words[9], words[10], words[11], words[12])
        let fields = [("e", event), ("i", id), ("t", times), ("o", owner), ("k", Array("1".utf8))]
        entries.append(Entry(seq: lastSeq, fields: fields.flatMap { [Array($0.0.utf8), $0.1] }))
        let head = "\(lastSeq) \(texts[8]) e \(times.count) \(owner.count) \(id.count) "
        var all: [UInt8] = []
        for field in words[13...] {
            let value = texts[7] == "1" ? nil : Array(head.utf8) + times + owner + id + event
            hashes[texts[4], default: [:]][field] = value
            if value == nil {
                endedAt["\(texts[4])\0\(Self.text(field))"] = lastSeq
                let ended = Array(head.utf8) + times + owner + id + event
                all += Array("+\(field.count) \(ended.count) ".utf8) + field + ended
            }
        }
        if !all.isEmpty { hashes[texts[4], default: [:]][Array("~\(lastSeq % 1_024)".utf8)] = all }
        return .of("0-\(lastSeq)")
    }

    private mutating func correct(_ words: [[UInt8]], _ texts: [String]) -> RESPValue {
        guard string(texts[4]) == texts[5] else { return .integer(0) }
        if texts[6] == "1" {
            let settled = Array("@".utf8)
            guard hashes[texts[3]]?[settled] != words[5] else { return .integer(0) }
            hashes[texts[3], default: [:]][settled] = words[5]
        }
        for index in stride(from: 8, to: words.count - 2, by: 3) {
            let seen = hashes[texts[3]]?[words[index]].map { Self.text($0).prefix { $0.isNumber } } ?? ""
            let bound = UInt64(texts[index + 1].dropFirst()) ?? 0
            let fits =
                switch texts[index + 1].first {
                case "<": UInt64(seen) ?? 0 < bound
                case "!": seen.isEmpty && endedAt["\(texts[3])\0\(texts[index])"] ?? 0 <= bound
                default: "=\(seen)" == texts[index + 1]
                }
            guard fits else { continue }
            hashes[texts[3], default: [:]][words[index]] = words[index + 2].isEmpty ? nil : words[index + 2]
        }
        return .integer(1)
    }

    private mutating func set(_ words: [[UInt8]], _ texts: [String]) -> RESPValue {
        let (key, options) = (texts[1], texts.dropFirst(3))
        let before = strings[key].map(RESPValue.text) ?? .null
        let isKept = options.contains("NX") && strings[key] != nil
        if !isKept { change(key) { $0[key] = words[2] } }
        if options.contains("GET") { return before }
        return isKept ? .null : .of("OK")
    }

    private mutating func increase(_ key: String, by more: Int64) -> RESPValue {
        let sum = (string(key).flatMap { Int64($0) } ?? 0) + more
        change(key) { $0[key] = Array("\(sum)".utf8) }
        return .integer(sum)
    }

    private mutating func change(_ key: String, _ body: (inout [String: [UInt8]]) -> Void) {
        body(&strings)
        changes[key, default: 0] += 1
    }

    private static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    private static func seq(_ id: String) -> UInt64 { UInt64(id.dropFirst(2)) ?? 0 }
}

extension RESPValue {
    /// A text.
    package static func of(_ text: String) -> RESPValue { .text(Array(text.utf8)) }
}
