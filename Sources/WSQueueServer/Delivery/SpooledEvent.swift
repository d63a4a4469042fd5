internal import WSQueueBroker
internal import WSQueueCore
internal import WSQueueSpool

/// An event as it came out of the spool: its text, and what its file says where the text says nothing.
struct SpooledEvent {
    let text: EventText
    /// The id of an event that has none of its own.
    let stem: String
    let file: PendingFile

    /// Whom it is for.
    var addressing: Broker.Addressing {
        Broker.Addressing(
            channels: text.channels.map(\.name), recipients: text.recipients.map { $0.map(\.text) },
            except: text.except)
    }

    /// When it was queued, Unix nanoseconds.
    var queuedNanoseconds: Int64 { text.queuedAtMicroseconds.map { $0 &* 1_000 } ?? file.nanoseconds }

    /// The id for people.
    func id(in bytes: Span<UInt8>) -> String { text.idLabel(in: bytes)?.text ?? stem }

    /// The event's name for people.
    func name(in bytes: Span<UInt8>) -> String { text.eventName(in: bytes).text }
}
