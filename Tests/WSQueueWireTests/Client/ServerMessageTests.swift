import Testing
import WSQueueCore
import WSQueueWire

@Suite struct ServerMessageTests {
    static func cursor(_ seq: UInt64) throws -> Cursor { try #require(Cursor(epoch: "k3f9", seq: seq)) }
    static func string(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    @Test func `the welcome is the contract's`() throws {
        let welcome = ServerMessage.welcome(
            heartbeatSeconds: 25, connection: 18, isAuthenticated: false, cursor: try Self.cursor(18233))
        #expect(
            Self.string(welcome) == #"{"action":"welcome","heartbeat_interval":25,"connection_id":18,"#
                + #""authenticated":false,"cursor":"k3f9:18233"}"#)
    }

    @Test(arguments: [
        (ServerMessage.subscribed("chat.room.1"), #"{"success":true,"action":"subscribe","channel":"chat.room.1"}"#),
        (ServerMessage.unsubscribed("a"), #"{"success":true,"action":"unsubscribe","channel":"a"}"#),
        (
            ServerMessage.subscribed(["a", "b.1"], refused: [("c", "forbidden")]),
            #"{"success":true,"action":"subscribe","channels":["a","b.1"],"refused":{"c":"forbidden"}}"#
        ),
        (ServerMessage.unsubscribed(["a", "b.1"]), #"{"success":true,"action":"unsubscribe","channels":["a","b.1"]}"#),
        (ServerMessage.messageSent(recipients: 3), #"{"success":true,"action":"message_sent","recipients_count":3}"#),
        (
            ServerMessage.authenticated(user: "42", expiresAtSeconds: nil),
            #"{"success":true,"action":"authenticate","user":"42"}"#
        ),
        (
            ServerMessage.authenticated(user: "42", expiresAtSeconds: 1_729_000_060),
            #"{"success":true,"action":"authenticate","user":"42","expires_at":1729000060}"#
        ),
        (
            ServerMessage.tokenExpiring(expiresAtSeconds: 1_729_000_060, leftSeconds: 59),
            #"{"action":"token_expiring","expires_at":1729000060,"expires_in":59}"#
        ),
        (ServerMessage.pong(), #"{"action":"pong"}"#), (ServerMessage.ping(), #"{"action":"ping"}"#),
        (
            ServerMessage.message(channel: "c", sender: 7, message: Array(#"{"a": 1.0}"#.utf8), unixSeconds: 17),
            #"{"action":"message","channel":"c","sender":7,"message":{"a": 1.0},"time":17}"#
        ),
        (
            ServerMessage.presence(
                channel: "presence.a",
                members: [
                    PresenceMember(user: "1", status: .online, activity: nil, info: Array(#"{"a" : 1}"#.utf8)),
                    PresenceMember(user: "é\"", status: .away, activity: Array("[1]".utf8), info: nil),
                ], count: 3, next: 7),
            #"{"success":true,"action":"presence","channel":"presence.a","members":"#
                + #"[{"user":"1","status":"online","info":{"a" : 1}},{"user":"é\"","status":"away","activity":[1]}],"count":3,"next":7}"#
        ),
        (
            ServerMessage.presence(channel: "p", members: [], count: 0, next: nil),
            #"{"success":true,"action":"presence","channel":"p","members":[],"count":0}"#
        ),
        (
            ServerMessage.presenceNews(
                members: [PresenceMember(user: "1", status: .busy, activity: nil, info: nil)], unnamed: 2, count: 9),
            #"{"members":[{"user":"1","status":"busy"}],"count":9,"unnamed":2}"#
        ),
        (ServerMessage.presenceNews(members: [], unnamed: 0, count: 0), #"{"members":[],"count":0}"#),
    ])
    func `an answer is the contract's`(bytes: [UInt8], text: String) {
        #expect(Self.string(bytes) == text)
    }

    @Test func `resuming is complete, or says what is lost`() throws {
        let whole = ServerMessage.resumed(try Self.cursor(9))
        #expect(Self.string(whole) == #"{"action":"resumed","cursor":"k3f9:9","complete":true}"#)
        let gap = ResumeGap(from: try Self.cursor(1), to: try Self.cursor(5), reason: .trimmed)
        let partial = ServerMessage.resumed(try Self.cursor(9), gap: gap)
        #expect(
            Self.string(partial) == #"{"action":"resumed","cursor":"k3f9:9","complete":false,"#
                + #""gap":{"from":"k3f9:1","to":"k3f9:5","reason":"trimmed"}}"#)
    }

    @Test(arguments: [
        (
            ClientError.rateLimited(retryAfterSeconds: 12),
            #""error":"Rate limit exceeded. Please slow down.","code":"rate_limited","retry_after":12}"#
        ),
        (
            .notSubscribed("c"), #""error":"Not subscribed to channel","code":"not_subscribed","channel":"c"}"#
        ),
        (.missingField("channel"), #""error":"Missing required field: channel","code":"missing_field"}"#),
        (.unknownAction("a\"\n"), #""error":"Unknown action: a\"\n","code":"unknown_action"}"#),
        (.invalidFormat, #""error":"Invalid message format","code":"invalid_format"}"#),
    ])
    func `an error is the contract's`(error: ClientError, rest: String) {
        #expect(Self.string(ServerMessage.error(error)) == #"{"success":false,"action":"error","# + rest)
    }
}
