import Testing
import WSQueuePublish
import WSQueuePublishTool

struct OutcomeTests {
    @Test func `a receipt is one line of JSON`() {
        let receipt = Receipt(id: "a\"b", path: "/q/a.json", sizeBytes: 12, events: 3, isNew: false)
        #expect(
            String(decoding: receipt.jsonLine, as: UTF8.self)
                == "{\"id\":\"a\\\"b\",\"path\":\"/q/a.json\",\"bytes\":12,\"events\":3,\"new\":false}\n")
    }
}
