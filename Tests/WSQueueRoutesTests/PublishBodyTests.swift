import Testing
import WSQueueCore
import WSQueueWire

@testable import WSQueueRoutes

/// What comes by `POST /publish`, as it will lie in the queue.
struct PublishBodyTests {
    private func body(_ text: String, _ form: PublishForm) throws(PublishBody.Refusal) -> (text: String, count: Int?) {
        let body = try PublishBody(Array(text.utf8), form, limitBytes: 100)
        return (String(decoding: body.contents, as: UTF8.self), body.batchCount)
    }

    private func refusal(_ text: String, _ form: PublishForm) -> PublishBody.Refusal? {
        do throws(PublishBody.Refusal) {
            _ = try body(text, form)
            return nil
        } catch {
            return error
        }
    }

    @Test func `a CloudEvent is an event of ours`() throws {
        let text = #"""
            {"specversion":"1.0","type":"order.created","source":"/shop","id":"7","subject":"orders","data":{"n":1.50},
             "time":"2026-11-21T08:00:00Z","traceparent":"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}
            """#
        #expect(
            try body(text, .cloudEvent).text
                == #"{"event":"order.created","id":"7","channel":"orders","#
                + #""traceparent":"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01","payload":{"n":1.50},"#
                + #""timestamp":1795248000}"#)
        let exact = #"{"type":"e","data_base64":"AA==","time":"2026-11-21T08:00:00.5Z"}"#
        #expect(try body(exact, .cloudEvent).text == #"{"event":"e","payload":"AA==","timestamp":1795248000.500000}"#)
    }

    @Test(
        arguments: [
            (#"{"type":"e","specversion":"2.0"}"#, "specversion", 26), (#"{"data":1}"#, "no 'type'", 0),
            (#"{"type":"e","time":"noon"}"#, "is no time", 19), (#"{"type":7}"#, "event", 8), ("[]", "", 0),
            (#"{"type":"e","subject":"a b"}"#, "channel", 22),
        ])
    func `what is no CloudEvent is refused where it is wrong`(text: String, reason: String, offset: Int) throws {
        let refusal = try #require(self.refusal(text, .cloudEvent))
        #expect(refusal.reason.contains(reason) && refusal.offset == offset && refusal.line == nil, "\(refusal)")
    }

    @Test func `a batch is taken whole or not at all`() throws {
        let batch = "{\"event\":\"a\"}\n\n{\"event\":\"b\"}"
        #expect(try body(batch, .batch) == (batch, 2))
        let wrong = try #require(refusal("{\"event\":\"a\"}\n{\"event\":}\n", .batch))
        #expect(wrong.line == 2 && wrong.offset == 23)
        #expect(refusal("\n\n", .batch)?.reason.contains("no event") == true)
        let long = "{\"event\":\"a\",\"payload\":\"\(String(repeating: "x", count: 100))\"}"
        #expect(refusal(long, .batch)?.line == 1)
    }

    @Test func `an event is checked as a file is`() throws {
        #expect(try body(#"{"event":"a"}"#, .event) == (#"{"event":"a"}"#, nil))
        #expect(refusal(#"{"event":""}"#, .event) != nil)
    }
}
