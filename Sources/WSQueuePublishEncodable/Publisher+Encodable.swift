internal import Foundation
public import WSQueuePublish

/// Something that knows how it is published.
public protocol BroadcastableEvent {
    /// What the clients get.
    associatedtype Payload: Encodable

    /// What happened, such as `order.created`.
    static var eventName: String { get }
    /// What the clients get.
    var payload: Payload { get }
    /// The channels whose subscribers get it; none, which is the default, means every client.
    var channels: [String] { get }
    /// The state that it is, in its channels, until another event has the same key; `nil`, which is the default, means none.
    var key: String? { get }
    /// Whether it ends the state of its key.
    var clearsKey: Bool { get }
}

extension BroadcastableEvent {
    /// Every client.
    public var channels: [String] { [] }
    /// No state.
    public var key: String? { nil }
    /// It ends none.
    public var clearsKey: Bool { false }
}

extension BroadcastDriver {
    /// Publishes an event with a payload that is encoded as JSON.
    ///
    /// - Parameters:
    ///   - name: 1 to 255 bytes without control characters, such as `order.created`.
    ///   - payload: Encoded by a fresh `JSONEncoder`: dates as seconds since 2001, data as base64, keys as they are.
    ///     Whoever wants it otherwise encodes it and passes the bytes as `payloadJSON`.
    ///   - channels: The channels whose subscribers get it; none means every client.
    ///   - key: The state that it is, in its channels, until another event has the same key.
    ///   - clear: Whether it ends the state of that key.
    @discardableResult
    public func publish(
        _ name: String, payload: some Encodable, channels: [String] = [], key: String? = nil, clear: Bool = false
    ) throws(PublishError) -> Receipt {
        try publish(name, payloadJSON: try encode(payload), channels: channels, key: key, clear: clear)
    }

    /// Publishes an event that knows its name, its payload, its channels and its key.
    @discardableResult
    public func publish<Broadcast: BroadcastableEvent>(_ event: Broadcast) throws(PublishError) -> Receipt {
        try publish(try made(of: event))
    }

    /// Publishes events that know how they are published, of which clients get all or none, in this order.
    ///
    /// - Returns: `nil` where there were none.
    @discardableResult
    public func publish<Broadcast: BroadcastableEvent>(batch events: [Broadcast]) throws(PublishError) -> Receipt? {
        var batch: [Event] = []
        for event in events { batch.append(try made(of: event)) }
        return try publish(batch: batch)
    }

    private func made<Broadcast: BroadcastableEvent>(of broadcast: Broadcast) throws(PublishError) -> Event {
        var event = Event(Broadcast.eventName, payload: try encode(broadcast.payload))
        event.channels = broadcast.channels
        event.key = broadcast.key
        event.clearsKey = broadcast.clearsKey
        return event
    }

    private func encode(_ payload: some Encodable) throws(PublishError) -> [UInt8] {
        let encoder = JSONEncoder()
        // Slashes need no escape, and a payload with URLs is shorter without.
        encoder.outputFormatting = .withoutEscapingSlashes
        do {
            return Array(try encoder.encode(payload))
        } catch {
            throw PublishError(unencodable: "\(error)")
        }
    }
}
