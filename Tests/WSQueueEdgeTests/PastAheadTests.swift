import Testing

/// Clients that have had what their loop has not come to: another loop has sent it, over another connection.
struct PastAheadTests {
    /// The rows: the channel of the event that was sent elsewhere, and whether the client lacks it.
    @Test(arguments: [("a", true), ("b", false)])
    func `a client that has had it of one channel lacks it of another`(channel: String, isLacking: Bool) throws {
        let server = try EdgeServer()
        let client = try server.client("/?channels=a", protocol: "wsqueue.v1")
        #expect(try client.text().contains(#""action":"welcome""#))
        try server.publish(channels: [channel]) {
            try client.say("subscribe", #"{"channel":"b","since":"e1:1"}"#)
            #expect(try client.text() == #"{"success":true,"action":"subscribe","channel":"b"}"#)
        }
        for channel in ["b", "a"] { try server.publish(channels: [channel]) }
        for number in (isLacking ? 1 : 2)...3 { #expect(try seq(client.text()) == number) }
    }
}
