import Testing
import WSQueueNet

struct ConnectionTableTests {
    private final class Peer {}

    @Test func `the token of a connection that has gone finds nothing, though its slot is used again`() {
        var table = ConnectionTable<Peer>()
        let first = table.insert(Peer(), descriptor: 10)
        #expect(table.slot(of: first.token) == first.slot)
        table.remove(first.slot)
        #expect(table.slot(of: first.token) == nil)
        let second = table.insert(Peer(), descriptor: 10)
        #expect(second.slot == first.slot)
        #expect(table.slot(of: first.token) == nil)
        #expect(table.slot(of: second.token) == second.slot)
    }

    @Test func `a new connection inherits nothing from the one before it`() {
        var table = ConnectionTable<Peer>()
        let first = table.insert(Peer(), descriptor: 10)
        table.setReceiving(true, first.slot)
        table.setBehind(true, first.slot)
        table.remove(first.slot)
        let second = table.insert(Peer(), descriptor: 11)
        #expect(!table.entries[second.slot].isReceiving)
        #expect(!table.entries[second.slot].isBehind)
        #expect(table.count == 1)
    }

    @Test func `a token of a slot that never was finds nothing`() {
        #expect(ConnectionTable<Peer>().slot(of: 5 << 32) == nil)
    }
}
