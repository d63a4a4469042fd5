internal import WSQueueCore

/// What the application wants, and what came of it, as bytes between nodes.
extension NodeOutput {
    mutating func order(_ order: ApplicationOrder) {
        switch order {
        case .count(let query):
            number(0)
            text(Array(query.prefix.utf8))
            list(query.patterns) { $0.text(Array($1.text.utf8)) }
            text(Array(query.after.utf8))
            number(query.limit)
        case .close(let connection):
            number(1)
            number(connection)
        case .disconnect(let entry, let onlyOlder):
            number(2)
            disconnection(entry)
            number(onlyOlder ? 1 : 0)
        case .forget(let channel, let users):
            number(3)
            text(Array(channel.utf8))
            optional(users) { output, users in
                output.list(users) { $0.text($1.bytes) }
            }
        }
    }

    mutating func disconnection(_ entry: Disconnection) {
        text(entry.user.bytes)
        number(entry.issuedUpTo)
        number(entry.until)
    }

    mutating func tally(_ tally: Tally) {
        number(tally.count)
        number(tally.hasMore ? 1 : 0)
        number(tally.isComplete ? 1 : 0)
        list(tally.channels) { output, entry in
            output.text(Array(entry.channel.utf8))
            output.number(entry.clients)
        }
    }
}

extension NodeInput {
    mutating func order(_ bytes: Span<UInt8>) -> ApplicationOrder? {
        switch number(bytes) {
        case 0:
            guard let prefix = plainText(bytes), let names = list(bytes, { $0.plainText($1) }),
                let after = plainText(bytes), let limit = number(bytes), limit > 0, limit <= ChannelQuery.most
            else { return nil }
            let patterns = names.compactMap { ChannelPattern($0) }
            guard patterns.count == names.count else { return nil }
            return .count(ChannelQuery(prefix: prefix, patterns: patterns, after: after, limit: Int(limit)))
        case 1: return number(bytes).map { .close(connection: $0) }
        case 2:
            guard let entry = disconnection(bytes), let onlyOlder = isPresent(bytes) else { return nil }
            return .disconnect(entry, onlyOlder: onlyOlder)
        case 3:
            guard let name = text(bytes), let channel = Channel(name.span), let isLimited = isPresent(bytes) else {
                return nil
            }
            guard isLimited else { return .forget(channel: channel.name, nil) }
            return list(bytes) { $0.label($1) }.map { .forget(channel: channel.name, $0) }
        default: return nil
        }
    }

    mutating func disconnection(_ bytes: Span<UInt8>) -> Disconnection? {
        guard let user = label(bytes), let issuedUpTo = number(bytes), let until = number(bytes) else { return nil }
        return Disconnection(user: user, issuedUpTo: issuedUpTo, until: until)
    }

    mutating func tally(_ bytes: Span<UInt8>) -> Tally? {
        guard let count = number(bytes), count >= 0, count <= 1 << 32, let hasMore = isPresent(bytes),
            let isComplete = isPresent(bytes),
            let channels = list(
                bytes,
                { input, bytes -> ChannelCount? in
                    guard let name = input.plainText(bytes), ChannelPattern(name) != nil,
                        let clients = input.number(bytes), clients >= 0, clients <= 1 << 32
                    else { return nil }
                    return ChannelCount(channel: name, clients: Int(clients))
                }), channels.count <= ChannelQuery.most
        else { return nil }
        return Tally(count: Int(count), channels: channels, hasMore: hasMore, isComplete: isComplete)
    }

    /// A list whose items are all good.
    mutating func list<Item>(
        _ bytes: Span<UInt8>, _ read: (inout NodeInput, Span<UInt8>) -> Item?
    ) -> [Item]? {
        guard let count = count(bytes) else { return nil }
        var items: [Item] = []
        for _ in 0..<count {
            guard let item = read(&self, bytes) else { return nil }
            items.append(item)
        }
        return items
    }

    private mutating func plainText(_ bytes: Span<UInt8>) -> String? {
        text(bytes).flatMap { String(validating: $0, as: UTF8.self) }
    }
}

extension NodeMessage {
    /// Divides whom the application has disconnected into pieces that fit into messages; none where there is no one.
    package static func pieces(ofDisconnected entries: [Disconnection]) -> [[Disconnection]] {
        let most = pieceBytes / (Label.limitBytes + 24)
        return stride(from: 0, to: entries.count, by: most).map { start in
            Array(entries[start..<min(start + most, entries.count)])
        }
    }
}
