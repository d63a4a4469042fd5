public import WSQueueCore
internal import WSQueueSpool
internal import WSQueueSystem

/// Where events go. ``Publisher`` puts them into a queue directory; ``LogDriver`` writes them down, for development, and
/// ``NullDriver`` drops them, for tests. An application that takes `any BroadcastDriver` need not know which.
public protocol BroadcastDriver: Sendable {
    /// Takes one event.
    ///
    /// - Throws: ``PublishError``; then no client gets it.
    @discardableResult
    func publish(_ event: Event) throws(PublishError) -> Receipt

    /// Takes several events, of which clients get all or none, in this order. A driver that has no way of its own for that
    /// checks all of them and then takes one after the other.
    ///
    /// - Returns: `nil` where there were none.
    /// - Throws: ``PublishError``; then no client gets any of them, unless the driver takes them one by one.
    @discardableResult
    func publish(batch events: [Event]) throws(PublishError) -> Receipt?
}

extension BroadcastDriver {
    /// Checks all events, and takes one after the other.
    @discardableResult
    public func publish(batch events: [Event]) throws(PublishError) -> Receipt? {
        for (index, event) in events.enumerated() { _ = try checkedBytes(of: event, number: index + 1) }
        var last: Receipt?
        var sizeBytes = 0
        for event in events {
            let receipt = try publish(event)
            sizeBytes += receipt.sizeBytes
            last = receipt
        }
        return last.map { Receipt(id: $0.id, path: $0.path, sizeBytes: sizeBytes, events: events.count) }
    }

    /// Publishes an event with a payload that is JSON already.
    ///
    /// - Parameters:
    ///   - name: 1 to 255 bytes without control characters, such as `order.created`.
    ///   - payloadJSON: One JSON value in UTF-8; its bytes reach the clients as they are.
    ///   - channels: The channels whose subscribers get it; none means every client.
    ///   - key: The state that it is, in its channels, until another event has the same key.
    ///   - clear: Whether it ends the state of that key.
    @discardableResult
    public func publish(
        _ name: String, payloadJSON: [UInt8], channels: [String] = [], key: String? = nil, clear: Bool = false
    ) throws(PublishError) -> Receipt {
        var event = Event(name, payload: payloadJSON)
        event.channels = channels
        event.key = key
        event.clearsKey = clear
        return try publish(event)
    }

    /// Publishes an event with a payload that is JSON already.
    @discardableResult
    public func publish(
        _ name: String, payloadJSON: String = "null", channels: [String] = [], key: String? = nil, clear: Bool = false
    ) throws(PublishError) -> Receipt {
        try publish(name, payloadJSON: Array(payloadJSON.utf8), channels: channels, key: key, clear: clear)
    }
}

extension BroadcastDriver where Self == Publisher {
    /// Into the queue directory at a path.
    public static func spool(_ directory: String) throws(PublishError) -> Publisher {
        try Publisher(directory: directory)
    }
}

extension BroadcastDriver where Self == LogDriver {
    /// To standard error.
    public static var log: LogDriver { LogDriver() }
}

extension BroadcastDriver where Self == NullDriver {
    /// To no one.
    public static var null: NullDriver { NullDriver() }
}

/// Writes events down instead of publishing them: the very line that would be in the event's file.
public struct LogDriver: BroadcastDriver {
    private let write: @Sendable (String) -> Void

    /// Makes a driver.
    ///
    /// - Parameter write: Gets each line, without its end; by default it goes to standard error.
    public init(write: (@Sendable (String) -> Void)? = nil) {
        self.write = write ?? { line in try? StandardStream.error.write(Self.shown(Array("\(line)\n".utf8)).span) }
    }

    public func publish(_ event: Event) throws(PublishError) -> Receipt {
        let bytes = try checkedBytes(of: event)
        write(String(decoding: bytes.dropLast(), as: UTF8.self))
        return Receipt(id: event.id ?? "", sizeBytes: bytes.count)
    }

    /// The line as it is; for a terminal with escapes for what that might obey, which say the same.
    private static func shown(_ line: [UInt8]) -> [UInt8] {
        StandardStream.error.isTerminal ? TerminalText.json(line) : line
    }
}

/// Publishes nothing, but refuses what could not be published.
public struct NullDriver: BroadcastDriver {
    /// Makes a driver.
    public init() {}

    public func publish(_ event: Event) throws(PublishError) -> Receipt {
        Receipt(id: event.id ?? "", sizeBytes: try checkedBytes(of: event).count)
    }
}

/// - Parameter number: Which of a batch it is.
private func checkedBytes(of event: Event, number: Int? = nil) throws(PublishError) -> [UInt8] {
    do {
        return try EventFile.encode(event, queuedAt: Clock.unixNanoseconds())
    } catch {
        throw PublishError(error, in: number.map { "event \($0) of the batch" })
    }
}
