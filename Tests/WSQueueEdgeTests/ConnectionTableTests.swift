import Testing
import WSQueueEdge
import WSQueueSession

struct ConnectionTableTests {
    @Test func `the token of a connection that has gone finds nothing, though its slot is used again`() {
        var table = ConnectionTable<String>()
        let slot = table.insert("a", descriptor: 10)
        let token = table.token(of: slot)
        #expect(table.slot(of: token) == slot)
        table.remove(slot)
        #expect(table.slot(of: token) == nil)
        #expect(table[slot] == nil)
        let next = table.insert("b", descriptor: 10)
        #expect(next == slot)
        #expect(table.slot(of: token) == nil)
        #expect(table.slot(of: table.token(of: next)) == next)
    }

    @Test func `a new connection inherits nothing from the one before it`() {
        var table = ConnectionTable<String>()
        let slot = table.insert("a", descriptor: 10)
        table.set(.live, slot)
        table.setOwnView(true, slot)
        table.remove(slot)
        let next = table.insert("b", descriptor: 11)
        #expect(table.standing(of: next) == .asking)
        #expect(!table.hasOwnView(next))
        #expect(table.descriptor(of: next) == 11)
        #expect(table.count == 1)
    }

    @Test func `a token of a slot that never was finds nothing`() {
        #expect(ConnectionTable<String>().slot(of: 5 << 32) == nil)
    }

    @Test func `publications go at once to those that are live and see them as the log holds them`() {
        var table = ConnectionTable<String>()
        let slot = table.insert("a", descriptor: 10)
        #expect(!table.isLive(slot))
        table.set(.live, slot)
        #expect(table.isLive(slot))
        table.setOwnView(true, slot)
        #expect(!table.isLive(slot))
        table.setOwnView(false, slot)
        table.set(.behind, slot)
        #expect(!table.isLive(slot))
        table.replace(slot, with: "c")
        #expect(table[slot] == "c")
        #expect(table.slots == 0..<1)
    }
}
