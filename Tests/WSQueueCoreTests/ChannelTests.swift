import Testing
import WSQueueCore

struct ChannelTests {
    @Test(arguments: [
        "a", "orders", "chat.room.1", "private.user.7", "A-Z_a-z:0.9", "..", "a..b", String(repeating: "x", count: 255),
    ])
    func `names of the allowed bytes are names`(name: String) {
        #expect(Channel(name)?.name == name)
        #expect(Channel(bytes: name)?.name == name)
    }

    @Test(arguments: [
        "", "a b", "a/b", "a*", "ä", "a\n", "a\0", "{id}", "a,b", "a\u{7F}", String(repeating: "x", count: 256),
    ])
    func `everything else is no name`(name: String) {
        #expect(!Channel.isValid(name))
        #expect(Channel(name) == nil)
        #expect(Channel(bytes: name) == nil)
    }

    @Test func `of the single bytes 66 are names`() {
        let names = (UInt8.min...UInt8.max).filter { Channel.isValid([$0]) }
        #expect(names.count == 66)
    }

    @Test(arguments: [
        ("private.user.1", ChannelKind.private), ("presence.room", .presence), ("orders", .open), ("private", .open),
        ("Private.x", .open), ("presence:x", .open), ("private.", .private),
    ])
    func `the prefix up to its dot decides the kind`(name: String, kind: ChannelKind) {
        #expect(Channel(name)?.kind == kind)
    }
}
