import Testing
import WSQueueCore

@testable import WSQueueBroker

struct PresenceToldTests {
    @Test func `other nodes are told whom news name, or that they do not name all`() throws {
        let users = try ["1", "2"].map { PresentUser(user: try #require(Label($0))) }
        func told(unnamed: Int) -> PresenceTold {
            PresenceTold(
                PresenceNews(channel: "presence.room", kind: .join, users: users, unnamed: unnamed, count: 9),
                sender: 4)
        }
        #expect(
            told(unnamed: 0)
                == PresenceTold(sender: 4, channel: "presence.room", kind: .join, users: users.map(\.user)))
        #expect(
            told(unnamed: 1) == PresenceTold(sender: 4, channel: "presence.room", kind: .join, users: nil))
    }
}
