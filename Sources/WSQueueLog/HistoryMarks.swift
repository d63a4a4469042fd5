/// For whom there were events in a part of the history, and the last number for each: so that a client is told of a gap
/// only where something of its own is gone (SPEC §4, History).
///
/// So many channels and users are remembered each; of all others together only the last number.
package struct HistoryMarks: Equatable, Sendable {
    /// The last numbers of some events; 0 is none.
    package struct Last: Equatable, Sendable {
        /// Of all.
        package internal(set) var any: UInt64 = 0
        /// Of those without a key: what has one is in its channel's state, or has been replaced there.
        package internal(set) var plain: UInt64 = 0

        mutating func note(_ other: Last) {
            any = max(any, other.any)
            plain = max(plain, other.plain)
        }
    }

    /// What is gone for a listener.
    package struct Loss: Equatable, Sendable {
        /// Whether anything is.
        package var any = false
        /// Whether anything without a key is.
        package var plain = false
        /// Whether it may be nothing after all: too many channels or users to remember each.
        package var isUnsure = false
    }

    /// Some of those who hear a channel.
    enum Part: Hashable {
        case user(String)
        case allBut([String])
    }

    /// What is known of one channel, or of the events without one.
    struct Channel: Equatable {
        /// Of all of it.
        private(set) var newest: UInt64 = 0
        /// Of events for all who hear it.
        private(set) var all = Last()
        private(set) var users: [String: Last] = [:]
        private(set) var exceptions: [[String]: Last] = [:]
        /// Of those users, and of those exceptions, that are not remembered.
        private(set) var otherUsers = Last()
        private(set) var otherExceptions = Last()

        var partCount: Int { users.count + exceptions.count }

        /// - Returns: Whether it was not remembered before.
        mutating func note(_ part: Part?, _ last: Last) -> Bool {
            newest = max(newest, last.any)
            let before = partCount
            switch part {
            case nil: all.note(last)
            case .user(let user): users[user, default: Last()].note(last)
            case .allBut(let users): exceptions[users, default: Last()].note(last)
            }
            return partCount > before
        }

        mutating func noteOthers(users: Last, exceptions: Last) {
            newest = max(newest, users.any, exceptions.any)
            otherUsers.note(users)
            otherExceptions.note(exceptions)
        }

        mutating func forget(_ part: Part) {
            switch part {
            case .user(let user): if let last = users.removeValue(forKey: user) { otherUsers.note(last) }
            case .allBut(let users):
                if let last = exceptions.removeValue(forKey: users) { otherExceptions.note(last) }
            }
        }

        var parts: [(part: Part, last: Last)] {
            users.map { (.user($0.key), $0.value) } + exceptions.map { (.allBut($0.key), $0.value) }
        }
    }

    /// How many channels and users are remembered.
    package static let limit = 65_536

    /// Up to this number the events are gone.
    package internal(set) var end: UInt64 = 0
    private var channelless = Channel()
    private var channels: [String: Channel] = [:]
    /// Of channels that are not remembered.
    private var others = Last()
    private var count = 0
    let limit: Int

    /// Of no events.
    ///
    /// - Parameter limit: How many channels and users are remembered.
    package init(limit: Int = Self.limit) { self.limit = limit }

    /// Of no events, with the same bound.
    var emptied: HistoryMarks { HistoryMarks(limit: limit) }

    // MARK: Noting

    /// Notes an event for everyone without a channel, and without a key.
    mutating func noteEveryone(_ seq: UInt64) { _ = channelless.note(nil, Last(any: seq, plain: seq)) }

    /// Notes whom an event was for.
    mutating func note(_ record: JournalRecord) {
        guard !record.isForEveryone else { return noteEveryone(record.seq) }
        let parts = record.parts
        guard parts.kind == .event else { return }
        let last = Last(any: record.seq, plain: parts.key == nil ? record.seq : 0)
        for channel in parts.channels.isEmpty ? [nil] : parts.channels.map(Optional.some) {
            if let users = parts.recipients {
                for user in users { note(channel, .user(user), last) }
            } else if parts.exceptedUsers.isEmpty {
                note(channel, nil, last)
            } else {
                note(channel, .allBut(parts.exceptedUsers.sorted()), last)
            }
        }
        shrink()
    }

    /// Adds what another part of the history had.
    mutating func note(_ other: HistoryMarks) {
        end = max(end, other.end)
        others.note(other.others)
        note(nil, other.channelless)
        for (name, channel) in other.channels { note(name, channel) }
        shrink()
    }

    /// Of everything up to a number nothing is known but that it is gone.
    mutating func noteUnknown(upTo seq: UInt64) {
        self = HistoryMarks(limit: limit)
        end = seq
        others = Last(any: seq, plain: seq)
        _ = channelless.note(nil, others)
    }

    private mutating func note(_ name: String?, _ channel: Channel) {
        note(name, nil, channel.all)
        for (part, last) in channel.parts { note(name, part, last) }
        let (users, exceptions) = (channel.otherUsers, channel.otherExceptions)
        guard max(users.any, exceptions.any) > 0 else { return }
        if let name {
            channels[name]?.noteOthers(users: users, exceptions: exceptions)
        } else {
            channelless.noteOthers(users: users, exceptions: exceptions)
        }
    }

    private mutating func note(_ name: String?, _ part: Part?, _ last: Last) {
        guard let name else {
            if channelless.note(part, last) { count += 1 }
            return
        }
        if channels[name] == nil {
            count += 1
            // It may have been forgotten, with whatever there was for its listeners by then.
            if others.any > 0 { channels[name, default: Channel()].noteOthers(users: others, exceptions: others) }
        }
        if channels[name, default: Channel()].note(part, last) { count += 1 }
    }

    /// Forgets those that were noted longest ago, an eighth in one go.
    private mutating func shrink() {
        guard count > limit + limit / 8 else { return }
        var entries: [(seq: UInt64, name: String?, part: Part?)] = []
        for (part, last) in channelless.parts { entries.append((last.any, nil, part)) }
        for (name, channel) in channels {
            for (part, last) in channel.parts { entries.append((last.any, name, part)) }
            // A channel goes after all of its parts.
            entries.append((channel.newest, name, nil))
        }
        entries.sort { ($0.seq, $0.part == nil ? 1 : 0) < ($1.seq, $1.part == nil ? 1 : 0) }
        for (_, name, part) in entries where count > limit {
            switch (name, part) {
            case (nil, let part?): channelless.forget(part)
            case (let name?, let part?): channels[name]?.forget(part)
            case (let name?, nil):
                guard let channel = channels[name], channel.partCount == 0 else { continue }
                others.note(channel.all)
                others.note(channel.otherUsers)
                others.note(channel.otherExceptions)
                channels[name] = nil
            case (nil, nil): continue
            }
            count -= 1
        }
    }

    // MARK: Asking

    /// What is gone, after a number, of what a listener would have been sent.
    ///
    /// - Parameters:
    ///   - names: The channels that it listens to; `nil` where it listens to patterns.
    ///   - user: Who it is; `nil` is no one.
    ///   - hears: Whether it gets the events of a channel, and with `nil` those without one.
    package func loss(
        after seq: UInt64, names: [String]?, user: String?, hears: (String?) -> Bool
    ) -> Loss {
        var loss = Loss()
        guard end > seq else { return loss }
        if channelless.newest > seq, hears(nil) { add(channelless, after: seq, user, to: &loss) }
        if let names {
            for name in names where !loss.isComplete {
                if let channel = channels[name] {
                    if channel.newest > seq, hears(name) { add(channel, after: seq, user, to: &loss) }
                } else {
                    add(others, after: seq, isUnsure: true, to: &loss)
                }
            }
            return loss
        }
        for (name, channel) in channels where !loss.isComplete {
            // A number is compared sooner than a pattern.
            guard channel.newest > seq, hears(name) else { continue }
            add(channel, after: seq, user, to: &loss)
        }
        if !loss.isComplete { add(others, after: seq, isUnsure: true, to: &loss) }
        return loss
    }

    private func add(_ channel: Channel, after seq: UInt64, _ user: String?, to loss: inout Loss) {
        add(channel.all, after: seq, isUnsure: false, to: &loss)
        for (users, last) in channel.exceptions where last.any > seq {
            if user.map({ !users.contains($0) }) ?? true { add(last, after: seq, isUnsure: false, to: &loss) }
        }
        // Whoever is not among those that are left out, which is not known, has lost it.
        add(channel.otherExceptions, after: seq, isUnsure: true, to: &loss)
        guard let user else { return }
        if let last = channel.users[user] {
            add(last, after: seq, isUnsure: false, to: &loss)
        } else {
            add(channel.otherUsers, after: seq, isUnsure: true, to: &loss)
        }
    }

    private func add(_ last: Last, after seq: UInt64, isUnsure: Bool, to loss: inout Loss) {
        guard last.any > seq else { return }
        if isUnsure, !loss.any { loss.isUnsure = true }
        if !isUnsure { loss.isUnsure = false }
        loss.any = true
        if last.plain > seq { loss.plain = true }
    }
}

extension HistoryMarks.Loss {
    /// Whether nothing more can be found out.
    var isComplete: Bool { plain && !isUnsure }
}

// MARK: As bytes

extension HistoryMarks {
    /// As it is kept: the end, the others, what has no channel, and each channel; numbers little-endian, texts with their
    /// lengths.
    package var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.append(number: end, bytes: 8)
        bytes.append(others)
        bytes.append(channelless)
        bytes.append(number: UInt64(channels.count), bytes: 4)
        for (name, channel) in channels {
            bytes.append(text: name)
            bytes.append(channel)
        }
        return bytes
    }

    /// Reads what ``bytes`` has written.
    ///
    /// - Returns: `nil` where it is something else.
    package init?(_ bytes: Span<UInt8>, limit: Int = Self.limit) {
        self.init(limit: limit)
        var reader = LittleEndianReader(position: 0, end: bytes.count)
        guard let end = reader.number(8, in: bytes), let others = reader.last(in: bytes),
            let channelless = reader.channel(in: bytes), let count = reader.number(4, in: bytes)
        else { return nil }
        self.end = end
        note(nil, channelless)
        for _ in 0..<count {
            guard let name = reader.text(in: bytes), let channel = reader.channel(in: bytes) else { return nil }
            note(String(decoding: name, as: UTF8.self), channel)
        }
        guard reader.position == reader.end else { return nil }
        // Last: what is written of a channel says all of it.
        self.others = others
        shrink()
    }
}

extension LittleEndianReader {
    fileprivate mutating func last(in bytes: Span<UInt8>) -> HistoryMarks.Last? {
        guard let any = number(8, in: bytes), let plain = number(8, in: bytes) else { return nil }
        return HistoryMarks.Last(any: any, plain: plain)
    }

    fileprivate mutating func channel(in bytes: Span<UInt8>) -> HistoryMarks.Channel? {
        guard let all = last(in: bytes), let users = last(in: bytes), let exceptions = last(in: bytes),
            let count = number(4, in: bytes)
        else { return nil }
        var channel = HistoryMarks.Channel()
        _ = channel.note(nil, all)
        channel.noteOthers(users: users, exceptions: exceptions)
        for _ in 0..<count {
            guard let isUser = number(1, in: bytes), let users = list(in: bytes), let last = last(in: bytes),
                let user = users.first
            else { return nil }
            _ = channel.note(isUser == 1 ? .user(user) : .allBut(users), last)
        }
        return channel
    }
}

extension [UInt8] {
    fileprivate mutating func append(_ last: HistoryMarks.Last) {
        append(number: last.any, bytes: 8)
        append(number: last.plain, bytes: 8)
    }

    fileprivate mutating func append(_ channel: HistoryMarks.Channel) {
        append(channel.all)
        append(channel.otherUsers)
        append(channel.otherExceptions)
        append(number: UInt64(channel.partCount), bytes: 4)
        for (part, last) in channel.parts {
            switch part {
            case .user(let user): append([user], isUser: 1)
            case .allBut(let users): append(users, isUser: 0)
            }
            append(last)
        }
    }

    fileprivate mutating func append(_ users: [String], isUser: UInt8) {
        append(isUser)
        append(number: UInt64(users.count), bytes: 4)
        for user in users { append(text: user) }
    }

    fileprivate mutating func append(text: String) {
        append(number: UInt64(text.utf8.count), bytes: 4)
        self += text.utf8
    }
}
