package import WSQueueCore

/// What the application wants of all clients, wherever they are: each loop of each node does its part, and answers.
package enum ApplicationOrder: Equatable, Sendable {
    /// Say which channels have subscribers, and how many.
    case count(ChannelQuery)
    /// Close this connection.
    case close(connection: Int64)
    /// Close a user's connections.
    ///
    /// - Parameter onlyOlder: Whether those stay that came with a token which was made since.
    case disconnect(Disconnection, onlyOlder: Bool)
    /// Take back that the application has said users to be in a channel: it has said so elsewhere since, or not at all.
    ///
    /// - Parameter users: `nil` is all of the channel.
    case forget(channel: String, [Label]?)
}

/// Which channels with subscribers are wanted.
package struct ChannelQuery: Equatable, Sendable {
    /// The most that one answer names.
    package static let most = 1_000

    /// What their names begin with.
    package let prefix: String
    /// Names and patterns, of which any must match; empty is all channels.
    package let patterns: [ChannelPattern]
    /// Only those after this name, in the order of their bytes.
    package let after: String
    /// How many.
    package let limit: Int

    /// Makes a query; without parameters it is for as many channels as one answer names.
    package init(prefix: String = "", patterns: [ChannelPattern] = [], after: String = "", limit: Int = Self.most) {
        self.prefix = prefix
        self.patterns = patterns
        self.after = after
        self.limit = min(max(1, limit), Self.most)
    }

    /// Whether a channel is wanted, or a pattern that clients listen to.
    func includes(_ name: String) -> Bool {
        name.utf8.starts(with: prefix.utf8) && ChannelCount.precedes(after, name)
            && (patterns.isEmpty || patterns.contains { $0.text == name || $0.matches(name) })
    }
}

/// How many clients listen to a channel, or by a pattern.
package struct ChannelCount: Equatable, Sendable {
    package let channel: String
    package internal(set) var clients: Int

    package init(channel: String, clients: Int) {
        self.channel = channel
        self.clients = clients
    }

    static func precedes(_ one: String, _ other: String) -> Bool { one.utf8.lexicographicallyPrecedes(other.utf8) }
}

/// What loops and nodes have answered, put together.
package struct Tally: Equatable, Sendable {
    /// How many clients have got a message, or were closed.
    package var count: Int
    /// Channels in the order of their names' bytes.
    package internal(set) var channels: [ChannelCount]
    /// Whether there are channels after those.
    package internal(set) var hasMore: Bool
    /// Whether all who were asked have answered.
    package internal(set) var isComplete: Bool

    /// Makes an answer.
    package init(count: Int = 0, channels: [ChannelCount] = [], hasMore: Bool = false, isComplete: Bool = true) {
        self.count = count
        self.channels = channels
        self.hasMore = hasMore
        self.isComplete = isComplete
    }

    /// Adds the answer of others.
    package mutating func add(_ other: Tally) {
        count += other.count
        isComplete = isComplete && other.isComplete
        hasMore = hasMore || other.hasMore
        guard !other.channels.isEmpty else { return }
        var (merged, place) = ([ChannelCount](), 0)
        merged.reserveCapacity(channels.count + other.channels.count)
        for entry in other.channels {
            while place < channels.count, ChannelCount.precedes(channels[place].channel, entry.channel) {
                merged.append(channels[place])
                place += 1
            }
            var sum = entry
            if place < channels.count, channels[place].channel.utf8.elementsEqual(entry.channel.utf8) {
                sum.clients += channels[place].clients
                place += 1
            }
            merged.append(sum)
        }
        channels = merged + channels[place...]
        truncate(to: ChannelQuery.most)
    }

    /// Adds what is in no order yet.
    mutating func take(_ found: inout [ChannelCount], limit: Int) {
        found.sort { ChannelCount.precedes($0.channel, $1.channel) }
        add(Tally(channels: found))
        truncate(to: limit)
        found.removeAll(keepingCapacity: true)
    }

    /// Leaves out what is after so many channels: each of those who answer names its first ones, so only the first of all
    /// are sure to have been counted by everyone.
    package mutating func truncate(to limit: Int) {
        guard channels.count > limit else { return }
        channels.removeSubrange(limit...)
        hasMore = true
    }
}
