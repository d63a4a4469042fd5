import Testing
import WSQueueCore
import WSQueueWire

@Suite struct ClientCommandTests {
    private static func outcome(_ text: String) -> Result<ClientCommand, ClientError> {
        let bytes = Array(text.utf8)
        do throws(ClientError) { return .success(try ClientCommand.decode(bytes.span)) } catch {
            return .failure(error)
        }
    }

    static let cursor = Cursor(epoch: "k3f9", seq: 7).map { Since.cursor($0) }

    @Test(arguments: [
        (#"{"action":"subscribe","data":{"channel":"a.b"}}"#, ClientCommand.subscribe(channel: "a.b", since: nil)),
        (
            #" {"data":{"since":"k3f9:7","channel":"a.*","x":[{}]},"y":1,"action":"subscribe"} "#,
            .subscribe(channel: "a.*", since: cursor)
        ),
        (#"{"action":"subscribe","data":{"channel":"a","since":null}}"#, .subscribe(channel: "a", since: nil)),
        (#"{"\u0061ction":"unsubscribe","data":{"chann\u0065l":"\u0061"}}"#, .unsubscribe(channel: "a")),
        (
            #"{"action":"message","data":{"channel":"a","message":{"n": 1.0}}}"#,
            .message(channel: "a", message: Array(#"{"n": 1.0}"#.utf8), recipients: nil)
        ),
        (
            #"{"action":"message","data":{"channel":"a","message":null,"recipients":[1, 2.0]}}"#,
            .message(channel: "a", message: Array("null".utf8), recipients: [1, 2])
        ),
        (
            #"{"action":"message","data":{"channel":"a","message":"","recipients":[]}}"#,
            .message(channel: "a", message: Array(#""""#.utf8), recipients: [])
        ),
        (#"{"action":"authenticate","data":{"token":"a.b.c"}}"#, .authenticate(token: "a.b.c")),
        (
            #"{"action":"presence","data":{"channel":"p"}}"#,
            .presence(channel: "p", status: nil, activity: nil, next: 0)
        ),
        (
            #"{"action":"presence","data":{"channel":"p","status":"busy","activity":"typing"}}"#,
            .presence(channel: "p", status: .busy, activity: Array(#""typing""#.utf8), next: 0)
        ),
        (#"{"action":"ping"}"#, .ping), (#"{"action":"ping","data":null}"#, .ping),
        (#"{"action":"pong","data":{"time":1}}"#, .pong),
    ])
    func `a command is read`(text: String, command: ClientCommand) {
        #expect(Self.outcome(text) == .success(command))
    }

    @Test func `resume is read`() throws {
        let cursor = try #require(Self.cursor)
        #expect(Self.outcome(#"{"action":"resume","data":{"since":"k3f9:7"}}"#) == .success(.resume(since: cursor)))
    }

    @Test(arguments: ["all": Since.all, "latest": .latest, "10m": .age(600_000_000_000), "@5": .time(5_000_000_000)])
    func `a place in the past is named in words too`(word: String, since: Since) {
        let resume = #"{"action":"resume","data":{"since":"\#(word)"}}"#
        #expect(Self.outcome(resume) == .success(.resume(since: since)))
        let subscribe = #"{"action":"subscribe","data":{"channel":"a","since":"\#(word)"}}"#
        #expect(Self.outcome(subscribe) == .success(.subscribe(channel: "a", since: since)))
    }

    @Test(arguments: [
        ("", ClientError.invalidFormat), ("hello", .invalidFormat), ("[]", .invalidFormat),
        (#""ping""#, .invalidFormat),
        (#"{"action":"ping""#, .invalidFormat), (#"{"action":"ping"} x"#, .invalidFormat),
        (#"{"action":"ping","action":"pong"}"#, .invalidFormat), (#"{"action":"ping","data":[]}"#, .invalidFormat),
        (#"{"action":"subscribe","data":"a"}"#, .invalidFormat),
        (#"{"action":"subscribe","data":{"channel":"a","channel":"b"}}"#, .invalidFormat),
        ("{}", .missingField("action")), (#"{"action":null}"#, .missingField("action")),
        (#"{"action":""}"#, .missingField("action")), (#"{"action":1}"#, .invalidField("action", expected: "a string")),
        (#"{"action":"fly"}"#, .unknownAction("fly")), (#"{"action":"SUBSCRIBE"}"#, .unknownAction("SUBSCRIBE")),
        (#"{"action":"subscribe"}"#, .missingField("channel")),
        (#"{"action":"unsubscribe","data":{}}"#, .missingField("channel")),
        (#"{"action":"subscribe","data":{"channel":7}}"#, .invalidField("channel", expected: "a string")),
        (#"{"action":"subscribe","data":{"channel":"\ud800"}}"#, .invalidField("channel", expected: "a string")),
        (#"{"action":"resume","data":{}}"#, .missingField("since")),
        (
            #"{"action":"resume","data":{"since":"yesterday"}}"#,
            .invalidField("since", expected: Since.wanted)
        ),
        (#"{"action":"message","data":{"channel":"a"}}"#, .missingField("message")),
        (
            #"{"action":"message","data":{"channel":"a","message":1,"recipients":[1,"2"]}}"#,
            .invalidField("recipients", expected: "a list of connection ids")
        ),
        (
            #"{"action":"message","data":{"channel":"a","message":1,"recipients":1.5}}"#,
            .invalidField("recipients", expected: "a list of connection ids")
        ),
        (#"{"action":"authenticate","data":{"token":""}}"#, .missingField("token")),
        (
            #"{"action":"presence","data":{"channel":"a","status":"asleep"}}"#,
            .invalidField("status", expected: "online, away, busy or offline")
        ),
    ])
    func `a command with a mistake is told what is wrong`(text: String, error: ClientError) {
        #expect(Self.outcome(text) == .failure(error))
    }

    @Test func `a long action is told shortened`() {
        let error = ClientError.unknownAction(String(repeating: "€", count: 1000))
        #expect(error.text == "Unknown action: " + String(repeating: "€", count: 64))
    }

    @Test func `deep data is refused without recursion`() {
        let deep = String(repeating: "[", count: 60_000)
        #expect(Self.outcome(#"{"action":"ping","data":\#(deep)"#) == .failure(.invalidFormat))
    }

    @Test func `only heartbeats say no more than that a client is there`() {
        #expect(ClientCommand.ping.isHeartbeat && ClientCommand.pong.isHeartbeat)
        #expect(!ClientCommand.unsubscribe(channel: "a").isHeartbeat)
    }

    @Test func `heartbeats and what is given back are free of charge`() {
        let free: [ClientCommand] = [.ping, .pong, .unsubscribe(channel: "a"), .unsubscribeEach(channels: ["a"])]
        for command in free { #expect(command.isFree) }
        #expect(!ClientCommand.subscribeEach(channels: ["a"], since: nil, state: false).isFree)
        #expect(!ClientCommand.authenticate(token: "t").isFree)
    }

    @Test func `several channels come as a list, each once`() {
        let subscribe = #"{"action":"subscribe","data":{"channels":["a","b.*","a"],"since":"k3f9:7","state":true}}"#
        let command = ClientCommand.subscribeEach(channels: ["a", "b.*"], since: Self.cursor, state: true)
        #expect(Self.outcome(subscribe) == .success(command))
        let unsubscribe = #"{"action":"unsubscribe","data":{"channels":[]}}"#
        #expect(Self.outcome(unsubscribe) == .success(.unsubscribeEach(channels: [])))
        let wrong = ClientError.invalidField("channels", expected: "a list of names")
        for list in [#""a""#, "[1]", #"[""]"#, #"["\ud800"]"#, "{}"] {
            #expect(Self.outcome(#"{"action":"subscribe","data":{"channels":\#(list)}}"#) == .failure(wrong))
        }
    }
}
