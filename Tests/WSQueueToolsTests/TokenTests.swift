import Foundation
import Support
import Testing
import WSQueueArguments

@testable import WSQueueTools

struct TokenTests {
    @Test func `a token that is made is valid, and says what it was told`() throws {
        try withSecret { secret in
            let made = Screen()
            let words = ["--sub", "42", "--role", "admin,editor", "--channels", "orders,chat.*", "--info", "{\"n\":1}"]
            #expect(run(["token", "new", "--jwt-secret-file", secret, "--ttl", "10m"] + words, on: made) == .success)
            let token = try #require(made.lines.first)
            let checked = Screen()
            #expect(run(["token", "check", "--jwt-secret-file", secret, token], on: checked) == .success)
            try #require(checked.lines.count == 2)
            #expect(checked.lines[0].hasPrefix("HS256 {") && checked.lines[0].contains("\"sub\":\"42\""))
            #expect(checked.lines[1].hasPrefix("valid: user 42; roles admin,editor; channels orders,chat.*; until 2"))
        }
    }

    @Test func `a token may be for ever and for somebody`() throws {
        try withSecret { secret in
            let made = Screen()
            let words = ["--sub", "a\u{202E}", "--ttl", "0", "--aud", "x", "--jwt-algorithm", "HS256"]
            #expect(run(["token", "new", "--jwt-secret-file", secret] + words, on: made) == .success)
            let token = try #require(made.lines.first)
            let (wrong, right) = (Screen(), Screen())
            #expect(run(["token", "check", "--jwt-secret-file", secret, token], on: wrong) == .badData)
            #expect(wrong.complaints.first?.contains("refused (") == true)
            let check = ["token", "check", "--jwt-secret-file", secret, "--jwt-audience", "x", token]
            #expect(run(check, on: right) == .success)
            #expect(right.lines.last == "valid: user a\\u202e; for ever")
        }
    }

    @Test(
        arguments: [
            ([], .usage, "token new wants --sub ID"), (["--sub", ""], .usage, "'' is not a user's id"),
            (["--sub", "1", "--channels", "a b"], .usage, "'a b' is not a channel or a pattern"),
            (["--sub", "1", "--info", "{"], .usage, "'{' is not JSON"),
            (["--sub", "1", "--ttl", "1ms"], .usage, "'1ms' is not a time of 1s or more"),
            (["--sub", "1", "--jwt-algorithm", "HS1"], .usage, "'HS1' is not one of HS256"),
        ] as [([String], WSQueueArguments.ExitStatus, String)])
    func `a draft that cannot be is refused`(
        words: [String], status: WSQueueArguments.ExitStatus, text: String
    ) throws {
        try withSecret { secret in
            let screen = Screen()
            #expect(run(["token", "new", "--jwt-secret-file", secret] + words, on: screen) == status)
            #expect(screen.complaints.count == 1 && screen.complaints[0].contains(text), "\(screen.complaints)")
        }
    }

    @Test func `what is no token, and secrets that are none, are told`() throws {
        try withSecret { secret in
            let screen = Screen()
            #expect(run(["token", "check", "--jwt-secret-file", secret, "x.y"], on: screen) == .badData)
            #expect(run(["token", "check", "--jwt-secret-file", "/nowhere", "x"], on: screen) == .configuration)
            try "short\n".write(toFile: secret, atomically: false, encoding: .utf8)
            #expect(run(["token", "check", "--jwt-secret-file", secret, "x"], on: screen) == .configuration)
            #expect(screen.complaints.count == 3)
        }
    }

    private func withSecret(_ body: (String) throws -> Void) throws {
        try withTemporaryDirectory { path in
            try "a secret that is long enough to be a good one\n".write(
                toFile: "\(path)/secret", atomically: false, encoding: .utf8)
            try body("\(path)/secret")
        }
    }
}
