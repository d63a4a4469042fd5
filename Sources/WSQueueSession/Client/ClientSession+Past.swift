package import WSQueueBroker
package import WSQueueCore
package import WSQueueLog

extension ClientSession {
    /// The copy of a past event that the client gets during a replay: what it would have been sent live, and has not
    /// been.
    ///
    /// - Parameters:
    ///   - inheritedSeq: The last number given by a server before this one: the connections that older events leave out
    ///     are gone, and their numbers may be others' now.
    ///   - heard: What was found for the records before.
    package func copy(
        of record: JournalRecordText, during replay: Replay, inheritedSeq: UInt64, slot: Int,
        _ subscriptions: SubscriptionTable, _ heard: inout HeardChannels
    ) -> Audience? {
        heard.copy(
            of: record, inheritedSeq: inheritedSeq, for: slot, reception, clientSince: hearsSince, during: replay,
            subscriptions)
    }

    /// What decides, for records that are the same for many, which of them the client is sent during a replay, and how;
    /// `nil` where that cannot be told in short.
    package func kind<Place>(
        of replay: Replay, slot: Int, _ subscriptions: SubscriptionTable
    ) -> ReplayPieces<Place>.Kind? {
        // Which channels' payloads may be shown is asked for each event.
        guard replay.stateProgress == nil, !view.isPayload, let likeness = subscriptions.likeness(of: slot) else {
            return nil
        }
        return ReplayPieces.Kind(
            likeness: likeness, epoch: replay.epoch, channels: replay.channels,
            wantsAll: replay.request.channel == nil, view: view, hasGap: replay.gap != nil)
    }

    /// Up to which number nothing was sent live to the client, and nothing is held back from it: of these records it is sent
    /// what it asks for of the past.
    package func settled(during replay: Replay) -> UInt64 {
        min(replay.heldSince, hearsSince, reception.earliest)
    }

    /// The channel with which the client is sent an event of its state, empty for none; `nil` where it is not for it.
    package func channel(
        of item: StateReplay.Item, during replay: Replay, slot: Int, _ subscriptions: SubscriptionTable,
        _ heard: inout HeardChannels
    ) -> String? {
        heard.channel(
            of: item, for: slot, reception, clientSince: hearsSince, during: replay, subscriptions)
    }

    /// What this client lacks of the events that are gone, during a replay that has come so far.
    ///
    /// - Parameter trimmed: For whom those events were.
    package func loss(
        of trimmed: HistoryMarks, during replay: Replay, slot: Int, _ subscriptions: SubscriptionTable
    ) -> HistoryMarks.Loss {
        reception.loss(
            of: trimmed, for: slot, user: identity?.user.text, clientSince: hearsSince, during: replay, subscriptions)
    }
}
