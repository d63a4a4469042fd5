import Testing
import WSQueueBroker
import WSQueueCore

struct AccessTests {
    static let user = Label("42").map { Identity(user: $0) }

    @Test(arguments: [
        ("orders", Access.Verdict.allowed, Access.Verdict.allowed), ("presence.room", .allowed, .allowed),
        ("private.room", .needsUser, .allowed), ("private.user.42", .needsUser, .allowed),
        ("private.user.4", .needsUser, .forbidden), ("private.user.421", .needsUser, .forbidden),
        ("private.user.", .needsUser, .forbidden), ("private", .allowed, .allowed),
        ("private.user.42.x", .needsUser, .forbidden),
    ])
    func `without rules the prefix decides`(
        channel: String, withoutToken: Access.Verdict, withToken: Access.Verdict
    ) {
        #expect(Access().verdict(.subscribe, channel, by: nil) == withoutToken)
        #expect(Access().verdict(.subscribe, channel, by: Self.user) == withToken)
    }

    @Test(arguments: ["orders", "private.user.42", "presence.room"])
    func `without rules nobody sends into a channel`(channel: String) {
        #expect(Access().verdict(.publish, channel, by: Self.user) == .forbidden)
        #expect(Access().verdict(.publish, channel, by: nil) == .forbidden)
    }
}
