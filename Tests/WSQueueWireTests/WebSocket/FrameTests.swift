import Foundation
import Support
import Testing
import WSQueueWire

@Suite struct FrameTests {
    @Test(arguments: try Vectors.load().frames)
    func `the RFC's frames are read or refused, wherever they are cut`(vector: Vectors.Frame) throws {
        let bytes = try #require(Vectors.bytes(vector.hex))
        guard let payload = vector.payload.flatMap(Vectors.bytes), bytes[1] & 0x80 != 0 else {
            // A server's frames, which no client may send.
            #expect(Stream.events([bytes]) == [.failure(.unmaskedFromClient)])
            return
        }
        let expected: [Seen] =
            vector.opcode == 10 ? [.pong(payload)] : [.text(String(decoding: payload, as: UTF8.self))]
        for cut in 0...bytes.count {
            #expect(Stream.events([Array(bytes[..<cut]), Array(bytes[cut...])]) == expected)
        }
    }

    @Test(arguments: try Vectors.load().frames)
    func `the RFC's unmasked frames are what a server writes`(vector: Vectors.Frame) throws {
        let bytes = try #require(Vectors.bytes(vector.hex))
        guard bytes[0] & 0x80 != 0, bytes[1] & 0x80 == 0 else { return }
        let opcode = try #require(FrameHeader.Opcode(rawValue: bytes[0] & 0x0F))
        guard let payload = vector.payload.flatMap(Vectors.bytes) else {
            let length = bytes.count == 4 ? 256 : 65536
            var header: [UInt8] = []
            FrameEncoder.appendHeader(opcode, payloadLength: length, to: &header)
            #expect(header == bytes)
            return
        }
        #expect(FrameEncoder.frame(opcode, payload.span) == bytes)
    }

    @Test(arguments: [0, 1, 125, 126, 127, 65535, 65536, 1 << 32, Int.max])
    func `a header is as long as it says, and reads back`(length: Int) throws {
        var header: [UInt8] = []
        FrameEncoder.appendHeader(.binary, payloadLength: length, to: &header)
        #expect(header.count == FrameEncoder.headerLength(payloadLength: length))
        try #require(header.count > 1)
        // A client's header is the same with the mask bit and a key.
        header[1] |= 0x80
        header += [1, 2, 3, 4]
        let (decoded, count) = try #require(try FrameHeader.decode(header.span))
        #expect(decoded.payloadLength == length)
        #expect(decoded.opcode == .binary)
        #expect(count == header.count)
    }

    @Test(arguments: 0..<13)
    func `a header that is cut is not read`(count: Int) throws {
        let header = ClientFrames.header(0x82, length: 65536)
        let decoded = try FrameHeader.decode(header.span.extracting(..<count))
        #expect(decoded == nil)
    }

    @Test func `close frames carry code and reason`() {
        #expect(
            FrameEncoder.close(.goingAway, reason: "retry_ms=7") == [0x88, 12, 0x03, 0xE9] + Array("retry_ms=7".utf8))
        #expect(FrameEncoder.close(nil) == [0x88, 0])
    }

    @Test func `a reason that is too long is cut between characters`() {
        let frame = FrameEncoder.close(.normal, reason: String(repeating: "€", count: 50))
        #expect(frame.count == 2 + 2 + 123)
        let odd = FrameEncoder.close(.normal, reason: "x" + String(repeating: "€", count: 50))
        #expect(odd.count == 2 + 2 + 121)
        #expect(String(validating: odd.dropFirst(4), as: UTF8.self) != nil)
    }

    @Test func `the codes that may be on the wire are those of the RFC and IANA`() throws {
        let codes = try Vectors.load().closeCodes
        let allowed = Set(codes.received.flatMap { Array($0[0]...$0[1]) } + codes.later)
        for number in UInt16.min...UInt16.max {
            #expect((CloseCode(rawValue: number) != nil) == allowed.contains(Int(number)), "\(number)")
        }
        for number in codes.never { #expect(!allowed.contains(number)) }
    }
}

@Suite struct MaskTests {
    @Test(arguments: Array(0...70) + [255, 256, 1000])
    func `unmasking is the same in one step and in two`(count: Int) {
        let plain = (0..<count).map { UInt8(truncatingIfNeeded: $0) }
        let key: [UInt8] = [0x37, 0xFA, 0x21, 0x3D]
        let masked = plain.enumerated().map { $1 ^ key[$0 & 3] }
        for cut in Set([0, 1, 2, 3, count / 2, count - 1, count]) where (0...count).contains(cut) {
            // One byte on either side belongs to someone else.
            var buffer: [UInt8] = [9] + masked + [9]
            var mask = Mask(key: 0x3D21_FA37)
            var span = buffer.mutableSpan
            mask.apply(to: &span, in: 1..<1 + cut)
            mask.apply(to: &span, in: 1 + cut..<1 + count)
            #expect(buffer == [9] + plain + [9])
        }
    }
}

/// The example values of the RFCs.
struct Vectors: Decodable {
    struct Handshake: Decodable {
        let key: String
        let accept: String
    }
    struct Frame: Decodable, Sendable, CustomTestStringConvertible {
        let what: String
        let hex: String
        let opcode: Int?
        let payload: String?
        var testDescription: String { what }
    }
    struct CloseCodes: Decodable {
        let received: [[Int]]
        let later: [Int]
        let never: [Int]
        enum CodingKeys: String, CodingKey {
            case received = "may_be_received"
            case later = "iana_later"
            case never = "never_on_the_wire"
        }
    }
    let handshake: Handshake
    let frames: [Frame]
    let closeCodes: CloseCodes
    enum CodingKeys: String, CodingKey {
        case handshake, frames
        case closeCodes = "close_codes"
    }

    static func load() throws -> Vectors {
        let data = try Data(contentsOf: Corpora.url("rfc-vectors/vectors.json"))
        return try JSONDecoder().decode(Vectors.self, from: data)
    }

    static func bytes(_ hexadecimal: String) -> [UInt8]? {
        let digits = Array(hexadecimal)
        guard digits.count % 2 == 0 else { return nil }
        return stride(from: 0, to: digits.count, by: 2).map { UInt8(String(digits[$0...$0 + 1]), radix: 16) ?? 0 }
    }
}

/// The third-party data beside these tests.
enum Corpora {
    static func url(_ path: String) -> URL {
        Bundle.module.resourceURL?.appendingPathComponent("Corpora/\(path)") ?? URL(fileURLWithPath: path)
    }
}
