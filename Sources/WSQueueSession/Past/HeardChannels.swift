internal import WSQueueBroker
internal import WSQueueCore
internal import WSQueueLog

/// What a client hears of the channels of some records, found once for each channel: a client may have 128 patterns, and to
/// match them all with each record cost thirty times what the record did.
///
/// It holds as long as nothing changes what the client listens to.
package struct HeardChannels {
    /// The way to each channel; `.some(nil)` where the client does not hear it.
    private var ways: [String: Reception.Way?] = [:]

    /// Nothing was found yet.
    package init() {}

    /// The copy of a record that a client gets during a replay. What it has wanted the state of tells of a record that is
    /// state; by another way it is sent it like any other.
    mutating func copy(
        of record: JournalRecordText, inheritedSeq: UInt64, for slot: Int, _ reception: Reception, clientSince: UInt64,
        during replay: Replay, _ subscriptions: SubscriptionTable
    ) -> Audience? {
        let addressing = record.addressing(hasConnections: record.seq > inheritedSeq)
        let isState = replay.isState(record)
        var (first, open) = (Audience?.none, [Reception.Way]())
        for audience in Broker.audiences(of: addressing) where subscriptions.isAddressed(slot, by: audience) {
            var way: Reception.Way?
            if let channel = audience.channel {
                way = find(channel) {
                    let names = subscriptions.subscriptions(of: slot, hearing: channel)
                    return names.isEmpty
                        ? nil : reception.way(of: names, clientSince: clientSince, during: replay)
                }
            } else {
                way = reception.way(of: nil, clientSince: clientSince, during: replay)
            }
            guard let way, !(isState && way.isWanted) else { continue }
            if first == nil { first = audience }
            open.append(way)
        }
        let isWanted = reception.lacks(
            record.seq, isForUser: record.recipients != nil, ways: open, during: replay)
        return isWanted ? first : nil
    }

    /// The channel with which a client is sent an event of its state, empty for none; `nil` where it is not for it.
    mutating func channel(
        of item: StateReplay.Item, for slot: Int, _ reception: Reception, clientSince: UInt64, during replay: Replay,
        _ subscriptions: SubscriptionTable
    ) -> String? {
        item.channels.first { channel in
            guard !channel.isEmpty else {
                return replay.request.channel == nil && subscriptions.isAddressed(slot, by: .everyone)
            }
            return find(channel) {
                let names = subscriptions.subscriptions(of: slot, hearing: channel)
                return names.isEmpty ? nil : reception.way(of: names, clientSince: clientSince, during: replay)
            }?.isWanted ?? false
        }
    }

    private mutating func find(_ channel: String, _ make: () -> Reception.Way?) -> Reception.Way? {
        if let known = ways[channel] { return known }
        let way = make()
        ways[channel] = .some(way)
        return way
    }
}
