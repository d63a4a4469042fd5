import Testing
import WSQueueBroker

struct SubscriptionTableTests {
    private func table() -> SubscriptionTable {
        var table = SubscriptionTable()
        for slot in 0..<3 { table.name(Int64(100 + slot), slot: slot) }
        table.subscribe(0, to: "orders")
        table.subscribe(2, to: "orders")
        table.subscribe(2, to: "users")
        return table
    }

    @Test func `a channel reaches its subscribers and nobody else`() {
        let table = table()
        #expect(table.slots(selectedBy: .channel("orders", except: nil)).sorted() == [0, 2])
        #expect(table.slots(selectedBy: .channel("order", except: nil)).isEmpty)
        #expect(!table.isReceiver(1, of: .channel("orders", except: nil)))
    }

    @Test func `subscribing twice is one subscription`() {
        var table = table()
        let isNew = table.subscribe(0, to: "orders")
        #expect(!isNew)
        #expect(table.slots(selectedBy: .channel("orders", except: nil)).sorted() == [0, 2])
        #expect(table.channelCount(of: 0) == 1)
    }

    @Test func `except holds for channels and for everyone`() {
        let table = table()
        #expect(table.slots(selectedBy: .channel("orders", except: 102)) == [0])
        #expect(!table.isReceiver(2, of: .channel("orders", except: 102)))
        #expect(table.slots(selectedBy: .everyoneExcept(101)) == [1])
        #expect(!table.isReceiver(1, of: .everyoneExcept(101)))
        #expect(table.isReceiver(0, of: .everyoneExcept(101)))
        #expect(table.slots(selectedBy: .everyoneExcept(999)).isEmpty)
    }

    @Test func `a connection that has gone is in no channel, and its slot inherits nothing`() {
        var table = table()
        table.remove(2, connection: 102)
        #expect(table.slots(selectedBy: .channel("orders", except: nil)) == [0])
        #expect(table.slots(selectedBy: .channel("users", except: nil)).isEmpty)
        #expect(table.slots(selectedBy: .everyoneExcept(102)).isEmpty)
        #expect(!table.isReceiver(2, of: .channel("users", except: nil)))
    }

    @Test func `unsubscribing says whether there was a subscription`() {
        var table = table()
        let answers = [table.unsubscribe(0, from: "orders"), table.unsubscribe(0, from: "orders")]
        #expect(answers == [true, false])
        #expect(table.slots(selectedBy: .channel("orders", except: nil)) == [2])
    }

    @Test func `nobody is a user before tokens are checked`() {
        #expect(table().slots(selectedBy: .users(["1"], channel: nil, except: nil)).isEmpty)
        #expect(!table().isReceiver(0, of: .users(["1"], channel: nil, except: nil)))
    }
}
