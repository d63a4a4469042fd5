import Testing
import WSQueuePublish
import WSQueuePublishTool

struct OutcomeTests {
    @Test(
        arguments: [
            (0, nil, "0 bytes"), (7, nil, "7 bytes"), (7, 0, "7 bytes"), (50, 200, "50 of 200 bytes, 25 %"),
            (300, 200, "300 of 200 bytes, 100 %"),
        ] as [(Int, Int?, String)])
    func `how far it is is told in bytes`(read: Int, all: Int?, words: String) {
        #expect(Progress.words(for: (read, all)) == words)
    }

    @Test func `a receipt is one line of JSON`() {
        let receipt = Receipt(id: "a\"b", path: "/q/a.json", sizeBytes: 12, events: 3, isNew: false)
        #expect(
            String(decoding: receipt.jsonLine, as: UTF8.self)
                == "{\"id\":\"a\\\"b\",\"path\":\"/q/a.json\",\"bytes\":12,\"events\":3,\"new\":false}\n")
    }
}
