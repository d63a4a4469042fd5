import Support
import Testing
import WSQueueSystem

@testable import WSQueueExplain

struct EventWordTests {
    @Test(arguments: [
        ("order-7", "order-7", true), ("order-7", "order-77", false), ("order-7", "order-7/3", true),
        ("order-7", "order-7/x", false), ("status", "status@1795231800000000000", true),
        ("status.json", "status@1795231800000000000+2", true), ("status.json", "status.json", true),
        ("status@1795231800000000000", "status@1795231800000000000", true),
        ("status@1795231800000000000", "status@1795231800000000001", false),
        ("1795231800000000000-1-1-0000.json", "1795231800000000000-1-1-0000", true),
        ("1795231800000000000-1-1-0000.jsonl", "1795231800000000000-1-1-0000/12", true),
        ("batch.jsonl", "batch@17/2", true), ("id-order%207.json", "order 7", true), ("id-a.json", "b", false),
        ("at-id-order-7.json", "order-7", true), (".failed/id-order-7.json", "order-7", true),
        (".failed/status.json.2", "status@17", true), (".held-id-a.bcdefghijklmnopq.json", "a", true),
        ("order-7.bcdefghijklmnopq", "order-7", true), ("order-7.bcdefghijklmnop", "order-7", false),
        ("a/b", "a/b", true), ("a/b", "b", false),
    ])
    func `an id is meant by itself, or by the name of its file`(word: String, id: String, isMeant: Bool) {
        #expect(EventWord(word, queuePath: "queue").means(Array(id.utf8)) == isMeant)
    }

    @Test func `a path that leads into the queue is as good as the name there`() throws {
        try withTemporaryDirectory { path in
            _ = try Directory.makeIfMissing("\(path)/queue", mode: 0o755)
            _ = try Directory.makeIfMissing("\(path)/queue/.failed", mode: 0o755)
            let queue = "\(path)/queue"
            #expect(EventWord("\(queue)/a.json", queuePath: queue).text == "a.json")
            #expect(EventWord("\(path)/./queue/a.json", queuePath: queue).text == "a.json")
            #expect(EventWord("\(path)/./queue/.failed/a.json", queuePath: queue).text == ".failed/a.json")
            #expect(EventWord("\(path)/a.json", queuePath: queue).text == "\(path)/a.json")
            #expect(EventWord("/a.json", queuePath: queue).text == "/a.json")
        }
    }

    @Test func `a name says when it was given, where it does`() {
        func time(_ word: String) -> Int64? { EventWord(word, queuePath: "q").publishedNanoseconds }
        #expect(time("1795231800000000001-1-1-0.json") == 1_795_231_800_000_000_001)
        #expect(time("1795231800.5_6b01103ddd22e") == 1_795_231_800_500_000_000)
        for word in ["order-7", "7", "id-1795231800.json"] { #expect(time(word) == nil) }
    }

    @Test func `the log tells how many clients there were, and what was left out`() {
        let text = """
            ts=1 level=info ev=event.sent id=a seq=17 event=n clients=9 bytes=1
            ts=1 level=info ev=event.sent id=a seq=7 event=n clients=412 bytes=1
            ts=2 level=info ev=event.expired id=seq=8 clients=3
            ts=3 level=info ev=event.expired id="order 7" event=n file=x
            ts=4 level=info ev=event.duplicate id=a file=x
            {"ts":"5","level":"info","ev":"event.sent","id":"b","seq":5,"clients":2,"bytes":1}
            {"ts":"6","level":"info","ev":"event.expired","id":"order \\"8","event":"n"}
            """
        let log = LoggedEvents("log", log: Array(text.utf8))
        #expect(log.clients(seq: 7) == 412)
        #expect(log.clients(seq: 17) == 9)
        #expect(log.clients(seq: 5) == 2)
        for seq: UInt64 in [1, 8, 70] { #expect(log.clients(seq: seq) == nil) }
        #expect(log.leftOut("order 7") == LoggedEvents.LeftOut(isExpired: true, time: "3"))
        #expect(log.leftOut("a") == LoggedEvents.LeftOut(isExpired: false, time: "4"))
        #expect(log.leftOut("order \"8") == LoggedEvents.LeftOut(isExpired: true, time: "6"))
        for id in ["b", "order", "7", ""] { #expect(log.leftOut(id) == nil) }
    }
}
