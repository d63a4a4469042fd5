import Testing
import WSQueueBroker
import WSQueueCore
import WSQueueWire

@testable import WSQueueRoutes

/// What the application's bodies say, and what is no such body.
struct CommandTests {
    private func read(_ text: String, _ command: ApplicationCommand) -> Result<ApplicationRequest, CommandRefusal> {
        ApplicationRequest.read(Array(text.utf8).span, for: command, [])
    }

    private func advice(_ text: String, _ command: ApplicationCommand) throws -> String {
        guard case .failure(let refusal) = read(text, command) else { return "" }
        #expect(refusal.response.status == .badRequest)
        return String(decoding: refusal.response.body, as: UTF8.self)
    }

    @Test func `a user or a connection is to be closed`() throws {
        let user = try #require(Label("42"))
        #expect(read(#"{"user":42,"for":"10m"}"#, .disconnect) == .success(.disconnect(user, milliseconds: 600_000)))
        #expect(read(#"{"user":"42"}"#, .disconnect) == .success(.disconnect(user, milliseconds: 86_400_000)))
        let usual = ApplicationRequest.disconnect(user, milliseconds: 86_400_000)
        #expect(read(#"{"user":"42","for":null}"#, .disconnect) == .success(usual))
        #expect(read(#"{"connection":18}"#, .disconnect) == .success(.close(18)))
    }

    @Test(
        arguments: [
            ("{}", "Say whom"), (#"{"connection":18,"for":"1m"}"#, "stands alone"),
            (#"{"connection":"x"}"#, "whole number"),
            (#"{"user":42,"for":"400d"}"#, "at most 366 days"), (#"{"user":42,"for":10}"#, "duration"),
            (#"{"user":42,"for":"soon"}"#, "duration"), (#"{"user":""}"#, "user's id"), (#"{"user":[]}"#, "string"),
            (#"{"usr":42}"#, "known are user, connection, for"), (#"{"user":1,"user":2}"#, "twice"), ("[]", "byte"),
        ])
    func `what does not say whom is refused`(text: String, reason: String) throws {
        #expect(try advice(text, .disconnect).contains(reason))
    }

    @Test func `it is said how users are, one or all of them`() throws {
        let user = try #require(Label("42"))
        let one = PresenceWord(user: user, status: "away", activity: .json(Array("{}".utf8)), info: .none)
        #expect(
            read(#"{"user":42,"status":"away","activity":{},"info":null}"#, .presence("room"))
                == .success(.say([one], in: "room", milliseconds: nil, isWhole: false)))
        let other = PresenceWord(user: try #require(Label("x")), status: nil, activity: .nothing, info: .nothing)
        let plain = PresenceWord(user: user, status: nil, activity: .nothing, info: .nothing)
        #expect(
            read(#"{"users":[42,{"user":"x"}],"for":"2m"}"#, .presence("room"))
                == .success(.say([plain, other], in: "room", milliseconds: 120_000, isWhole: true)))
    }

    @Test(
        arguments: [
            ("{}", "Say of whom"), (#"{"user":1,"status":"asleep"}"#, "'status' is"),
            (#"{"users":[1]}"#, "Say with 'for'"),
            (#"{"users":1,"for":"1m"}"#, "is a list"), (#"{"users":[1],"user":2,"for":"1m"}"#, "whole list"),
            (#"{"users":[{"name":1}],"for":"1m"}"#, "known are user"), (#"{"user":1,"for":"2d"}"#, "at most 1 days"),
        ])
    func `what says of no one how he is is refused`(text: String, reason: String) throws {
        #expect(try advice(text, .presence("room")).contains(reason))
        let long = #"{"user":1,"info":"\#(String(repeating: "x", count: 10_000))"}"#
        #expect(try advice(long, .presence("room")).contains("bytes"))
    }

    @Test func `answers are JSON`() {
        let said = ApplicationRequest.answer(said: 2, in: "room", count: 3, [])
        #expect(said.body == Array("{\"channel\":\"room\",\"set\":2,\"count\":3}\n".utf8))
        let full = ApplicationRequest.answer(full: 65_536, "are kept away", [])
        #expect(full.status == .serviceUnavailable)
    }
}
