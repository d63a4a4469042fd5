import Testing
import WSQueueCore

@testable import WSQueueBroker

struct ChannelCountTests {
    private static func table(_ names: [String: Int]) throws -> SubscriptionTable {
        var table = SubscriptionTable()
        for (name, count) in names {
            let pattern = try #require(ChannelPattern(name))
            for slot in 0..<count { table.subscribe(slot, to: pattern) }
        }
        return table
    }

    private static func names(_ tally: Tally) -> [String] { tally.channels.map { "\($0.channel)=\($0.clients)" } }

    @Test func `channels and patterns are counted as they were subscribed to, in the order of their bytes`() throws {
        let table = try Self.table(["b": 2, "a.b": 1, "a.*": 3, "Z": 1])
        #expect(Self.names(table.counts(ChannelQuery())) == ["Z=1", "a.*=3", "a.b=1", "b=2"])
        #expect(Self.names(table.counts(ChannelQuery(prefix: "a."))) == ["a.*=3", "a.b=1"])
        let patterns = ["a.*", "b"].compactMap { ChannelPattern($0) }
        #expect(Self.names(table.counts(ChannelQuery(patterns: patterns))) == ["a.*=3", "a.b=1", "b=2"])
    }

    @Test func `pages go on where the one before ended, and miss nothing`() throws {
        let names = (0..<5_000).map { "c\($0)" }
        let table = try Self.table(Dictionary(uniqueKeysWithValues: names.map { ($0, 1) }))
        var (found, after) = ([String](), "")
        while true {
            let page = table.counts(ChannelQuery(after: after, limit: 700))
            #expect(page.channels.count == min(700, 5_000 - found.count))
            found += page.channels.map(\.channel)
            guard page.hasMore else { break }
            after = try #require(found.last)
        }
        #expect(found == names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) })
    }

    @Test func `answers are put together by name, and no more than one answer holds are kept`() {
        var sum = Tally(
            count: 1, channels: [ChannelCount(channel: "a", clients: 1), ChannelCount(channel: "c", clients: 1)])
        sum.add(
            Tally(count: 2, channels: [ChannelCount(channel: "b", clients: 4), ChannelCount(channel: "c", clients: 2)]))
        #expect(sum.count == 3 && Self.names(sum) == ["a=1", "b=4", "c=3"] && !sum.hasMore && sum.isComplete)
        sum.add(Tally(isComplete: false))
        #expect(!sum.isComplete)
        let many = (0..<ChannelQuery.most).map { ChannelCount(channel: "d\($0 + 10_000)", clients: 1) }
        sum.add(Tally(channels: many))
        #expect(sum.channels.count == ChannelQuery.most && sum.hasMore)
        sum.truncate(to: 2)
        #expect(Self.names(sum) == ["a=1", "b=4"])
    }
}
