/// A message from a client to the others of a channel, on its way to all loops.
package struct ClientMessage: Sendable {
    package let channel: String
    /// The connections it is for, as far as they listen to the channel; `nil` is all that do.
    package let recipients: [Int64]?
    /// What they get, framed once for all.
    package let frame: [UInt8]

    /// Makes a message of its parts.
    package init(channel: String, recipients: [Int64]?, frame: [UInt8]) {
        self.channel = channel
        self.recipients = recipients
        self.frame = frame
    }
}
