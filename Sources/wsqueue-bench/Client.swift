internal import Glibc
internal import WSQueueNet

/// One subscriber: what it must get next, and what it holds of an unfinished message.
struct Client {
    /// How far the connection is.
    enum Stage {
        case greeting, subscribing, open
    }

    private(set) var descriptor: Int32
    var stage = Stage.greeting
    /// The number of the event that must come next.
    var next = 0
    /// What lies between a message's order number and its event's number, once that is known; it must not change.
    var seqOffset: Int?
    /// The front of a frame or packet that is not all there.
    var leftover: [UInt8] = []
    /// The front of a NATS message whose frames have been taken off already.
    var stream: [UInt8] = []

    init(descriptor: Int32) { self.descriptor = descriptor }

    /// Begins again on another connection, after the last event it has got.
    mutating func comeBack(on descriptor: Int32) {
        self.descriptor = descriptor
        stage = .greeting
        leftover = []
        stream = []
    }

    /// The connection has gone.
    mutating func leave() { descriptor = -1 }

    /// Checks the answer to the greeting.
    ///
    /// - Returns: Its length, or `nil` when it is not all there.
    func greetingEnd(_ bytes: Span<UInt8>, end: Int, isPacket: Bool) throws(BenchError) -> Int? {
        if isPacket {
            guard end >= 4 else { return nil }
            guard bytes[0] == 0x20, bytes[3] == 0 else { throw .handshake("the server refuses the connection") }
            return 4
        }
        var position = 3
        while position < end {
            if bytes[position] == 10, bytes[position - 1] == 13, bytes[position - 2] == 10 {
                let head = String(decoding: (0..<position).map { bytes[$0] }, as: UTF8.self)
                guard head.hasPrefix("HTTP/1.1 101"), head.contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=") else {
                    throw .handshake(head)
                }
                return position + 1
            }
            position += 1
        }
        return nil
    }
}
