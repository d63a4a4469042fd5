internal import WSQueueCore
internal import WSQueueSequencer
internal import WSQueueSpool

/// The room in the log that one event may take.
enum EventRoom {
    /// The most that all copies of an event may take together, where one event may have `limitBytes`.
    static func bytes(limitBytes: Int) -> Int { 2 * limitBytes }

    /// Reads the event in an entry of the shared stream; other servers may allow larger ones.
    static func event(in entry: StreamEntry, limitBytes: Int) throws(EventFault) -> SpooledEvent {
        let text = try EventFile.decode(entry.event.span)
        guard max(1, text.channels.count) * (entry.event.count + 1_024) <= bytes(limitBytes: limitBytes) else {
            throw EventFault(reason: "larger than this server's --event-size allows", offset: 0)
        }
        return SpooledEvent(text: text, entry: entry)
    }

    /// Refuses an event whose copies, one for each channel, would not fit into the log together.
    static func check(channelCount: Int, _ byteCount: Int, limitBytes: Int) throws(EventFault) {
        guard channelCount > 1, channelCount * (byteCount + 1_024) > bytes(limitBytes: limitBytes) else { return }
        throw EventFault(
            reason:
                "\(channelCount) channels of \(byteCount) bytes are more than one event may take; publish it in parts",
            offset: 0)
    }
}
