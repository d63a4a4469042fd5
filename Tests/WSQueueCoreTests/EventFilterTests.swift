import Testing
import WSQueueCore

struct EventFilterTests {
    @Test(arguments: [
        ("order.*", "order.created", true), ("order.*", "order.", true), ("order.*", "order", false),
        ("order.*", "order.item.added", true), ("order.*", "reorder.created", false), ("*", "anything", true),
        ("a,b", "b", true), ("a,b", "c", false), ("a,b", "a,b", false), ("*.created", "order.created", true),
        ("*.created", "order.created.late", false), ("a*b*c", "a-bb-b-c", true), ("a*b*c", "a-c-b", false),
        ("*é*", "café.opened", true), ("a", "A", false), ("**", "x", true), ("*a*a*b", "aaaaaaaa", false),
    ])
    func `a name is wanted when a glob matches all of it`(text: String, name: String, isWanted: Bool) throws {
        let filter = try #require(EventFilter(text))
        let bytes = Array(name.utf8)
        let answer = filter.includes(bytes.span)
        #expect(answer == isWanted)
    }

    @Test(arguments: ["", ",", String(repeating: "a", count: 256), String(repeating: "a,", count: 65)])
    func `a filter has some globs, each as long as a name may be`(text: String) {
        #expect(EventFilter(text) == nil)
    }

    @Test func `a filter may want nothing`() {
        for name in ["", "a", "*"] {
            let bytes = Array(name.utf8)
            let answer = EventFilter.nothing.includes(bytes.span)
            #expect(!answer)
        }
    }
}
