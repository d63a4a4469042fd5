import Testing
import WSQueueCore

struct JSONMembersTests {
    @Test func `the members that are known are found, whatever their escapes, and others passed over`() throws {
        let text = Array("{\"\\u0061\":1,\"other\":{\"b\":2},\"b\":null}".utf8)
        let members = try JSONMembers(text.span, named: ["a", "b", "c"])
        #expect(members["a"]?.kind == .number && members.present("a") != nil)
        #expect(members["b"]?.kind == .null && members.present("b") == nil)
        #expect(members["c"] == nil && members["other"] == nil && JSONMembers()["a"] == nil)
    }

    @Test(arguments: ["{\"a\":1,\"a\":1}", "{\"a\":1,\"\\u0061\":null}", "[]", "{\"a\":}", ""])
    func `a member twice, and what is no object, is a fault`(text: String) {
        #expect(throws: JSONFault.self) { try JSONMembers(Array(text.utf8).span, named: ["a"]) }
    }
}
