import Testing
import WSQueueBroker
import WSQueueSession
import WSQueueWire

/// What the rules say of a client's path, and that they are looked at again.
struct PathTests {
    private func client(
        at path: String = "/shop/7", given: [String] = [], _ query: String = "", as user: String? = nil, rules: String
    ) throws -> Conversation {
        let client = try Conversation(.named, at: path)
        try client.follow(rules)
        _ = try client.open(query, as: user.map { try bearer($0) }, given: given)
        return client
    }

    private let refused = refusal("You may not connect here.", "forbidden")
    private let unknown = refusal("A token is needed here; connect with one.", "forbidden")
    private func ended(_ channel: String) -> String {
        #"{"success":true,"action":"unsubscribe","channel":"\#(channel)"}"#
    }

    @Test(arguments: ["/", "/shop/7", "/shop/7/"])
    func `one whose path is for others by now is told and closed`(path: String) throws {
        let client = try client(at: path, as: "ann", rules: "[]")
        #expect(client.review([]).told == [])
        try client.follow(#"[{"connect":"/elsewhere","allow":"none"}]"#)
        #expect(client.review([]).told == [])
        try client.follow(#"[{"connect":"/**","allow":"user:bob"}]"#)
        #expect(client.review([]).told == [refused, "close 4503 You may not connect here."])
    }

    @Test func `one without a token is told that one is needed`() throws {
        let client = try client(at: "/", rules: "[]")
        try client.follow(#"[{"connect":"/**","allow":"authenticated"}]"#)
        #expect(client.review([]).told == [unknown, "close 4503 A token is needed here; connect with one."])
    }

    @Test func `a token of one who may not be there ends the conversation, and is not answered`() throws {
        let client = try client(at: "/user/ann", as: "ann", rules: #"[{"connect":"/user/{id}","allow":"user:{id}"}]"#)
        let renewed = client.authenticate(.success((try bearer("ann"), nil))).told
        #expect(renewed.last == #"{"success":true,"action":"authenticate","user":"ann"}"#)
        let told = client.authenticate(.success((try bearer("bob"), nil))).told
        #expect(told.suffix(2) == [refused, "close 4503 You may not connect here."])
    }

    @Test func `what a path gives follows the rules`() throws {
        let client = try client(given: ["a", "b"], rules: #"[{"connect":"/shop/{id}","channels":["a","b"]}]"#)
        #expect(client.review(["a", "b"]).told == [])
        try client.follow(#"[{"connect":"/shop/{id}","channels":["b","c.{id}"]}]"#)
        #expect(client.review(["a", "b"]).told == ["unsubscribe a", ended("a"), "subscribe c.7"])
        #expect(client.review(["b", "c.7"]).told == [])
        try client.follow("[]")
        #expect(client.review(["b", "c.7"]).told == ["unsubscribe b", ended("b"), "unsubscribe c.7", ended("c.7")])
    }

    @Test func `a client that has been given nothing is given something`() throws {
        let client = try client(at: "/", rules: "[]")
        try client.follow(#"[{"connect":"/","channels":["a"]}]"#)
        #expect(client.review([]).told == ["subscribe a"])
    }

    @Test func `what a client has decided itself stays so`() throws {
        let rules = #"[{"connect":"/shop/{id}","channels":["asked","given","left"]}]"#
        let client = try client(given: ["asked", "given", "left"], "channels=asked,mine", rules: rules)
        _ = client.say("unsubscribe", #"{"channel":"left"}"#)
        _ = client.say("subscribe", #"{"channel":"given"}"#)
        #expect(client.review(["asked", "given", "mine"]).told == [])
        try client.follow(#"[{"connect":"/shop/{id}","channels":["mine"]}]"#)
        #expect(client.review(["asked", "given", "mine"]).told == [])
        try client.follow("[]")
        #expect(client.review(["asked", "given", "mine"]).told == [])
    }

    @Test func `a given channel that is not for the client is named once, and is there when it is its`() throws {
        let client = try client(at: "/", given: ["a"], rules: #"[{"connect":"/","channels":["a"]}]"#)
        let rules = #"[{"connect":"/","channels":["a","b"]},{"channel":"b","subscribe":"authenticated"}]"#
        try client.follow(rules)
        let needed = refusal("Channel needs an authenticated user", "forbidden", channel: "b")
        #expect(client.review(["a"]).told == [needed])
        #expect(client.review(["a"]).told == [])
        #expect(client.authenticate(.success((try bearer("ann"), nil)), channels: ["a"]).told.contains("subscribe b"))
    }

    @Test func `the application is asked about a channel that a path gives`() throws {
        let client = try client(at: "/", rules: "[]")
        try client.follow(#"[{"connect":"/","channels":["a"]},{"channel":"a","subscribe":"ask"}]"#)
        client.options.asksApplication = true
        let request = AuthorizeRequest(action: "subscribe", channel: "a", credentials: nil)
        #expect(client.review([]) == [.ask(request)])
        #expect(client.answer(request, true).told == ["subscribe a"])
    }
}
