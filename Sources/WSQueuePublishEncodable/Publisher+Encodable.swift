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
}

extension BroadcastableEvent {
    /// Every client.
    public var channels: [String] { [] }
}

extension BroadcastDriver {
    /// Publishes an event with a payload that is encoded as JSON.
    ///
    /// - Parameters:
    ///   - name: 1 to 255 bytes without control characters, such as `order.created`.
    ///   - payload: Encoded by a fresh `JSONEncoder`: dates as seconds since 2001, data as base64, keys as they are.
    ///     Whoever wants it otherwise encodes it and passes the bytes as `payloadJSON`.
    ///   - channels: The channels whose subscribers get it; none means every client.
    @discardableResult
    public func publish(
        _ name: String, payload: some Encodable, channels: [String] = []
    ) throws(PublishError) -> Receipt {
        try publish(name, payloadJSON: try encode(payload), channels: channels)
    }

    /// Publishes an event that knows its name, its payload and its channels.
    @discardableResult
    public func publish<Broadcast: BroadcastableEvent>(_ event: Broadcast) throws(PublishError) -> Receipt {
        try publish(Broadcast.eventName, payload: event.payload, channels: event.channels)
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
