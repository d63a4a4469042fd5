import Support
import Testing
import WSQueueWire

@Suite struct WebSocketLimitsTests {
    static let limits = WebSocketLimits(messageBytes: 10, framesPerMessage: 3)

    @Test func `a message of exactly the limit passes`() {
        #expect(Stream.events([ClientFrames.text("0123456789")], limits: Self.limits) == [.text("0123456789")])
    }

    @Test func `a message over the limit fails with its header alone`() {
        let header = ClientFrames.header(0x81, length: 11)
        #expect(Stream.events([header], limits: Self.limits) == [.failure(.messageTooBig(limit: 10))])
    }

    @Test func `fragments are added up`() {
        let frames = [
            ClientFrames.text("012345", isFinal: false), ClientFrames.header(0x80, length: 5),
        ]
        #expect(Stream.events(frames, limits: Self.limits) == [.failure(.messageTooBig(limit: 10))])
    }

    @Test(arguments: [Int.max, Int.max - 5])
    func `a fragment whose length would overflow the sum is too big`(length: Int) {
        let frames = [ClientFrames.text("012345", isFinal: false), ClientFrames.header(0x80, length: length)]
        #expect(Stream.events(frames, limits: Self.limits) == [.failure(.messageTooBig(limit: 10))])
    }

    @Test func `control frames are not part of the message`() {
        let frames = [
            ClientFrames.text("01234", isFinal: false), ClientFrames.frame(9, Array("0123456789ABCDEF".utf8)),
            ClientFrames.frame(0, Array("56789".utf8)),
        ]
        #expect(
            Stream.events(frames, limits: Self.limits) == [.ping(Array("0123456789ABCDEF".utf8)), .text("0123456789")])
    }

    @Test func `as many frames as the limit pass, and each message is counted anew`() {
        let message = [
            ClientFrames.text("a", isFinal: false), ClientFrames.frame(0, isFinal: false),
            ClientFrames.frame(0, [0x62]),
        ]
        #expect(Stream.events(message + message, limits: Self.limits) == [.text("ab"), .text("ab")])
    }

    @Test func `empty fragments cannot go on for ever`() {
        let frames =
            [ClientFrames.text("", isFinal: false)] + Array(repeating: ClientFrames.frame(0, isFinal: false), count: 3)
        #expect(Stream.events(frames, limits: Self.limits) == [.failure(.tooManyFrames(limit: 3))])
        #expect(FrameError.tooManyFrames(limit: 3).closeCode == .messageTooBig)
    }

    @Test func `an idle connection is small`() {
        #expect(MemoryLayout<WebSocketProtocol>.size <= 64)
    }

    @Test func `what lies whole in the buffer is not copied`() {
        var buffer = ClientFrames.text("first") + ClientFrames.text("second")
        var span = buffer.mutableSpan
        var position = 0
        var peer = WebSocketProtocol()
        #expect(peer.next(in: &span, from: &position, limits: Self.limits) == .message(.text, .inBuffer(6..<11)))
        #expect(peer.next(in: &span, from: &position, limits: Self.limits) == .message(.text, .inBuffer(17..<23)))
        #expect(peer.next(in: &span, from: &position, limits: Self.limits) == nil)
    }
}
