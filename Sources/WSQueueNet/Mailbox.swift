internal import WSQueueSystem

/// Messages from any thread to the one loop that owns the mailbox.
package final class Mailbox<Message: Sendable>: Sendable {
    private let messages = Guarded<[Message]>([])
    private let wakeup: Wakeup

    /// Makes an empty mailbox whose posts signal `wakeup`.
    package init(wakeup: Wakeup) { self.wakeup = wakeup }

    /// Adds a message and wakes the owner.
    package func post(_ message: Message) {
        messages.withLock { $0.append(message) }
        wakeup.signal()
    }

    /// Takes all messages, oldest first.
    package func take() -> [Message] {
        messages.withLock { messages in
            guard !messages.isEmpty else { return [] }
            let taken = messages
            messages = []
            return taken
        }
    }

    /// Whether a message waits.
    package var isEmpty: Bool { messages.withLock { $0.isEmpty } }
}
