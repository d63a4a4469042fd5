package import WSQueueCore
internal import WSQueueSystem
package import WSQueueWire

/// A client's message that is kept, as the event that it is.
package enum KeptMessage {
    /// Makes the order to write it into the queue.
    ///
    /// - Parameters:
    ///   - sender: The token of the client's connection on its loop.
    ///   - limitBytes: How long an event may be.
    /// - Throws: ``ClientError`` where no event can be made of it.
    package static func order(
        _ message: [UInt8], _ channel: String, by user: Label, loop: Int, from sender: UInt64, limitBytes: Int
    ) throws(ClientError) -> PublishDesk.Order {
        let owner = "client:\(user.text)"
        let id = id(of: owner)
        let body = JSONObjectOutput("event", "message").text("id", id).text("channel", channel)
            .raw("payload", message).finished()
        guard body.count <= limitBytes else {
            throw ClientError(
                "Message too large; an event may have \(limitBytes) bytes", code: "too_large", channel: channel)
        }
        do throws(EventFault) {
            _ = try EventText.decode(body.span)
        } catch {
            throw ClientError("The message cannot be kept: \(error.reason)", code: "invalid_field", channel: channel)
        }
        return PublishDesk.Order(message: body, id: id, publisher: owner, loop: loop, token: sender)
    }

    /// An id that says who has sent the message: no client can choose one. Of a very long one its digest stands there.
    private static func id(of owner: String) -> String {
        let end = RandomText.make(count: 16)
        let isLong = owner.utf8.count + 1 + end.utf8.count > Label.limitBytes
        return isLong ? "client:~\(digest(of: owner)):\(end)" : "\(owner):\(end)"
    }

    private static func digest(of owner: String) -> String {
        String(decoding: Base64.url.encode(SHA2.sha256.digest(Array(owner.utf8).span).span), as: UTF8.self)
    }
}
