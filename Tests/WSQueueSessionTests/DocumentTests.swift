import Testing
import WSQueueBroker
import WSQueueCore
import WSQueueLog
import WSQueueSession
import WSQueueWire

/// `GET /state`: the state at one moment, as one JSON document.
struct DocumentTests {
    private static let rules = #"[{"channel":"ask.{name}","subscribe":"ask"}]"#

    private static func form(version: String = "1.1") throws -> StreamForm {
        var parser = RequestParser()
        let text = "GET /state?as=payload&names=1 HTTP/\(version)\r\nHost: a\r\nAccept: application/x-ndjson\r\n\r\n"
        let parsed = try parser.receive(Array(text.utf8).span)
        return StreamForm(try #require(parsed).0, isDocument: true)
    }

    private static func reader() throws -> Conversation {
        try Conversation(
            .document, at: "/events", view: .stream(epoch: "e1", as: try form(version: "1.0"), nil), rules: rules)
    }

    private static func replay(_ reader: Conversation) throws -> Replay {
        let request = try #require(reader.takeRequest())
        #expect(request == PastRequest(since: nil, channel: nil, wantsState: true))
        let state = StateReplay((events: KeptEvents(KeptLimits()), seq: 18), names: nil) { _ in true }
        return Replay(request, channels: [], bounds: reader.bounds, seq: 20, now: 0, state: state)
    }

    @Test func `it begins at once where the application need not be asked, whatever else its query wants`() throws {
        let reader = try Self.reader()
        #expect(
            try reader.open("channels=a&since=all&poll=0&state=1", lastEvent: "e1:7").told == ["subscribe a", "replay"])
        let replay = try Self.replay(reader)
        #expect(reader.finish(replay).told == [#"piece ],"cursor":"e1:18""#, "piece }\n", "close 1000 "])
    }

    @Test func `it waits for the application, has one state of all channels, and says what was refused`() throws {
        let reader = try Self.reader()
        let told = try reader.open("channels=a,ask.x,ask.y,private.z").told
        #expect(told == ["subscribe a", "ask subscribe ask.x", "ask subscribe ask.y"])
        #expect(reader.nextRequest == nil)
        let asked = ["ask.x", "ask.y"].map { AuthorizeRequest(action: "subscribe", channel: $0, credentials: nil) }
        #expect(reader.answer(asked[0], true).told == ["subscribe ask.x"])
        #expect(reader.answer(asked[1], false).told == ["replay"])
        let replay = try Self.replay(reader)
        let errors = [
            refusal("Channel needs an authenticated user", "forbidden", channel: "private.z"),
            refusal("Channel is not for you", "forbidden", channel: "ask.y"),
        ]
        let list = #"piece ,"errors":[\#(errors.joined(separator: ","))]}"# + "\n"
        #expect(reader.finish(replay).told == [#"piece ],"cursor":"e1:18""#, list, "close 1000 "])
    }

    @Test func `it is not whole where its reader is sent away, and says nothing of that`() throws {
        let reader = try Self.reader()
        _ = try reader.open()
        #expect(reader.disconnect().told == ["close 4504 disconnected by the application"])
    }

    @Test func `what was sent while it is read is not in it`() throws {
        let reader = try Self.reader()
        _ = try reader.open()
        let state = try #require(try Self.replay(reader).stateProgress)
        let message = Array(#"{"event":"x","payload":1,"timestamp":2,"id":"i","seq":19}"#.utf8)
        var frames = ReplayFrames()
        for channel in [nil, "c"] {
            let isThere = frames.append(
                message[...], channel: channel, as: reader.view, next: 20, offset: 9, state: state)
            #expect(!isThere)
        }
        #expect(frames.bytes.isEmpty && frames.count(begunIn: 0, 0) == 0)
        let isThere = frames.append(
            message[...], channel: nil, as: reader.view, next: 20, offset: 9, state: state, isState: true)
        #expect(isThere)
        #expect(!frames.bytes.isEmpty)
    }

    @Test func `its reader is there in no channel`() throws {
        let reader = try Self.reader()
        let told = try reader.open("channels=presence.x", as: bearer("7")).told
        #expect(told == ["identify 7", "subscribe presence.x", "replay"])
        #expect(reader.end().isEmpty)
    }

    @Test func `it is JSON, in chunks, of nothing but the state's events`() throws {
        let form = try Self.form()
        let beginning = String(decoding: form.beginning([], unixSeconds: 0), as: UTF8.self)
        #expect(
            beginning.contains("Content-Type: application/json\r\n")
                && beginning.contains("Cache-Control: no-store\r\n"))
        #expect(beginning.hasSuffix("\r\n\r\nb\r\n{\"events\":[\r\n"))
        let view = EventView.stream(epoch: "e1", as: form, nil)
        let message = Array(#"{"event":"x","payload":1,"timestamp":2,"id":"i","seq":9}"#.utf8)
        var bytes: [UInt8] = []
        for spot in [EventSpot.place, .aside] { #expect(!view.append(message.span, to: &bytes, at: spot)) }
        #expect(bytes.isEmpty)
        for isFirst in [true, false] { #expect(view.append(message.span, to: &bytes, at: .state(isFirst: isFirst))) }
        let text = String(decoding: message, as: UTF8.self)
        #expect(String(decoding: bytes, as: UTF8.self) == "38\r\n\(text)\r\n3a\r\n,\n\(text)\r\n")
        #expect(
            form.own(message).isEmpty && form.retry(milliseconds: 1).isEmpty
                && form.comment == Array("1\r\n\n\r\n".utf8))
        #expect(try !Self.form(version: "1.0").beginning([], unixSeconds: 0).contains(Array("chunked".utf8)))
    }
}
