import Testing
import WSQueueBroker
import WSQueueCore
import WSQueueSession
import WSQueueWire

struct KeptMessageTests {
    private let rules = """
        [{"channel":"chat","subscribe":"anyone","publish":"anyone","durable":true},
         {"channel":"talk","subscribe":"anyone","publish":"anyone"}]
        """

    @Test func `what a rule keeps is published as its user's, and all else is of the moment`() throws {
        let client = try Conversation(rules: rules)
        let user = try #require(Label("ann"))
        let bearer = TokenVerifier.Result(identity: Identity(user: user), secret: 1)
        _ = try client.open("channels=chat,talk", as: bearer)
        #expect(
            client.say("message", #"{"channel":"chat","message":[1.0]}"#)
                == [.keep(Array("[1.0]".utf8), channel: "chat", by: user)])
        guard case .pass("talk", nil, _)? = client.say("message", #"{"channel":"talk","message":1}"#).first else {
            Issue.record("not passed on")
            return
        }
    }

    @Test func `it takes a user, and no recipients`() throws {
        let client = try Conversation(rules: rules)
        _ = try client.open("channels=chat")
        let refused = ClientError("Channel needs an authenticated user", code: "forbidden", channel: "chat")
        #expect(
            client.say("message", #"{"channel":"chat","message":1}"#) == [
                .send(ServerMessage.error(refused, of: .message))
            ])
        let bearer = TokenVerifier.Result(identity: Identity(user: try #require(Label("ann"))), secret: 1)
        _ = client.authenticate(.success((bearer, nil)), channels: ["chat"])
        let limited = ClientError.invalidField(
            "recipients", expected: "none: what is sent here is kept, for all who may listen")
        #expect(
            client.say("message", #"{"channel":"chat","message":1,"recipients":[7]}"#)
                == [.send(ServerMessage.error(limited, of: .message))])
    }

    @Test func `a client is sent away with a word where it understands one`() throws {
        let speaking = try Conversation()
        _ = try speaking.open()
        let plain = try Conversation(.plain)
        _ = try plain.open()
        let close = SessionAction.close(.disconnected, reason: "disconnected by the application")
        let word = ServerMessage.error(ClientError("Disconnected by the application", code: "disconnected"))
        #expect(speaking.disconnect() == [.send(word), close])
        #expect(plain.disconnect() == [close])
    }
}
