/// An event on its way through a durable consumer.
package struct ConsumedEvent: Sendable {
    /// Its name.
    let name: String
    /// Where a consumer stands that has had it; `nil` where the server does not tell before others have come.
    let cursor: String?
    /// What tells it apart from all others of this server.
    let identity: String
    /// The message as the server has sent it, a line.
    let message: [UInt8]
    /// What its command finds on its standard input, and in its environment.
    let input: [UInt8]
    let variables: [(name: String, value: String)]
}
