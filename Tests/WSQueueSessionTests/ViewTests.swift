import Testing
import WSQueueCore
import WSQueueSession
import WSQueueWire

struct ViewTests {
    private let event =
        #"{"event":"x","payload":1,"timestamp":2,"id":"i","seq":9}"#
    private let message = #"{"event":"x","payload":1,"timestamp":2,"id":"i","seq":9,"channel":"c"}"#
    private let chat =
        #"{"action":"message","channel":"c","sender":0,"message":1,"time":2,"event":"x","id":"i","seq":9}"#

    private func frame(_ text: String) -> [UInt8] { FrameEncoder.frame(.text, Array(text.utf8).span) }

    @Test func `each kind of view has its frames`() throws {
        for (view, text, expected) in [
            (EventView.logged(nil), message, frame(message)),
            (.chat(nil), message, frame(chat)),
            (.chat(nil), event, frame(event)),
            (.stream(epoch: "e", nil), event, Array("id: e:9\ndata: \(event)\n\n".utf8)),
        ] {
            var bytes: [UInt8] = []
            #expect(view.append(Array(text.utf8).span, to: &bytes))
            #expect(bytes.count == expected.count)
            #expect(Set(bytes) == Set(expected))
            if case .stream = view { continue }
            #expect(bytes == expected)
        }
    }

    @Test func `a filter leaves events out in every view, and keeps the kind`() throws {
        let (wanted, other) = (try #require(EventFilter("x")), try #require(EventFilter("y")))
        for view in [EventView.logged(nil), .chat(nil), .stream(epoch: "e", nil)] {
            var bytes: [UInt8] = []
            #expect(!view.filtered(by: other).append(Array(message.utf8).span, to: &bytes))
            #expect(bytes.isEmpty)
            #expect(view.filtered(by: wanted).append(Array(message.utf8).span, to: &bytes))
            #expect(view.filtered(by: wanted).filter == wanted)
            #expect(view.filtered(by: wanted).filtered(by: nil) == view)
        }
        #expect(EventView.logged(nil).isLogs)
        #expect(!EventView.logged(wanted).isLogs)
        #expect(!EventView.chat(nil).isLogs)
    }

    @Test func `what is no message has no frame`() {
        var bytes: [UInt8] = []
        #expect(!EventView.logged(nil).append(Array("[]".utf8).span, to: &bytes))
    }

    @Test(arguments: [
        (Standing.asking, false, false), (.live, true, false), (.behind, true, true), (.replaying, true, true),
        (.closing, false, false),
    ])
    func `who is sent publications, and who is owed some`(standing: Standing, isReceiving: Bool, isOwed: Bool) {
        #expect(standing.isReceiving == isReceiving)
        #expect(standing.isOwed == isOwed)
    }

    @Test func `frames of a replay are what was sent live, with the channel of the copy`() throws {
        var frames = ReplayFrames()
        let stored = Array(event.utf8)
        frames.append(stored[...], channel: nil, as: .logged(nil), next: 5, offset: 50)
        frames.append(stored[...], channel: "c", as: .logged(nil), next: 6, offset: 60)
        frames.append(stored[...], channel: "c", as: .logged(EventFilter("y")), next: 7, offset: 70)
        frames.append(stored[...], channel: "c", as: .chat(nil), next: 8, offset: 80)
        let (one, two, three) = (frame(event), frame(message), frame(chat))
        #expect(frames.bytes == one + two + three)
        #expect(frames.count(begunIn: 0, 0) == 0)
        #expect(frames.count(begunIn: 0, 1) == 1)
        #expect(frames.count(begunIn: 0, one.count) == 1)
        #expect(frames.count(begunIn: 0, one.count + 1) == 2)
        #expect(frames.count(begunIn: 0, frames.bytes.count) == 3)
        #expect(frames.mark(after: 0, 0) == nil)
        #expect(frames.mark(after: 0, one.count)?.next == 5)
        #expect(frames.mark(after: 0, one.count + 1)?.offset == 60)
        #expect(frames.mark(after: 0, frames.bytes.count)?.next == 8)
        frames.removeAll()
        #expect(frames.bytes.isEmpty)
        #expect(frames.mark(after: 0, 1) == nil)
    }
}
