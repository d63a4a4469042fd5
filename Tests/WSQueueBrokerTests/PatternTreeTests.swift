import Testing
import WSQueueBroker
import WSQueueCore

struct PatternTreeTests {
    private static let texts = ["a.*", "a.*.c", "*", "*.b.**", "**", "a.**", "a.b.c.d.*", "*.*.*.d"]

    @Test func `patterns that have gone leave nothing behind`() throws {
        var tree = PatternTree()
        let patterns = try Self.texts.map { try #require(ChannelPattern($0)) }
        for (number, pattern) in patterns.enumerated() { tree.insert(pattern, number) }
        #expect(tree.nodeCount > patterns.count)
        for pattern in patterns.shuffled() { tree.remove(pattern) }
        #expect(tree.isEmpty && tree.nodeCount == 1)
        #expect(tree.matches("a.b").isEmpty)
    }

    @Test(arguments: ["a", "a.b", "a.b.c", "x.b", "x.b.y.z", "a.b.c.d", "a.b.c.d.e", "..", ""])
    func `it finds what matches, each once`(channel: String) throws {
        var tree = PatternTree()
        let patterns = try Self.texts.map { try #require(ChannelPattern($0)) }
        for (number, pattern) in patterns.enumerated() { tree.insert(pattern, number) }
        #expect(tree.matches(channel).sorted() == patterns.indices.filter { patterns[$0].matches(channel) })
    }
}
