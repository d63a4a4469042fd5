/// How a server is spoken to: what a client says to get everything, and how its messages are cut out of the stream.
enum Dialect: String, CaseIterable {
    /// WebSocket; events come from files in a directory. wsqueue and the floors.
    case spool
    /// WebSocket; events are sent as text frames on a connection to `/publish`.
    case socket
    /// WebSocket; events are sent as POST requests to `/pub?id=bench` (nchan).
    case nchan
    /// The NATS protocol inside of WebSocket; events are sent over plain TCP.
    case nats
    /// MQTT 3.1.1 over plain TCP.
    case mqtt

    /// What a subscriber sends first.
    func greeting(path: String) -> [UInt8] {
        switch self {
        case .mqtt: Self.mqttConnect
        case .spool, .socket, .nchan, .nats: Self.request(path: path)
        }
    }

    /// What a subscriber sends when the greeting was answered; `nil` when it has subscribed already.
    var subscription: [UInt8]? {
        switch self {
        case .spool, .socket, .nchan: nil
        case .nats:
            Self.maskedFrame(2, Array("CONNECT {\"verbose\":false,\"pedantic\":false}\r\nSUB bench 1\r\nPING\r\n".utf8))
        case .mqtt: [0x82, 10, 0, 1, 0, 5] + Array("bench".utf8) + [0]
        }
    }

    /// What a publisher sends first.
    var publisherGreeting: [UInt8] {
        switch self {
        case .spool, .nchan: []
        case .socket: Self.request(path: "/publish")
        case .nats: Array("CONNECT {\"verbose\":false,\"pedantic\":false}\r\n".utf8)
        case .mqtt: Self.mqttConnect
        }
    }

    /// What a publisher sends for one event.
    func publication(_ text: [UInt8]) -> [UInt8] {
        switch self {
        case .spool: text
        case .socket: Self.maskedFrame(1, text)
        case .nchan:
            Array("POST /pub?id=bench HTTP/1.1\r\nHost: bench\r\nContent-Length: \(text.count)\r\n\r\n".utf8) + text
        case .nats: Array("PUB bench \(text.count)\r\n".utf8) + text + [13, 10]
        case .mqtt: [0x30] + Self.mqttLength(text.count + 7) + [0, 5] + Array("bench".utf8) + text
        }
    }

    /// A frame as clients send it (RFC 6455, section 5.2), masked with zero, which leaves the bytes as they are.
    static func maskedFrame(_ opcode: UInt8, _ payload: [UInt8]) -> [UInt8] {
        var frame: [UInt8] = [0x80 | opcode]
        if payload.count < 126 {
            frame.append(0x80 | UInt8(payload.count))
        } else {
            frame += [0x80 | 126, UInt8(payload.count >> 8 & 0xFF), UInt8(payload.count & 0xFF)]
        }
        return frame + [0, 0, 0, 0] + payload
    }

    private static let mqttConnect: [UInt8] = [0x10, 12, 0, 4] + Array("MQTT".utf8) + [4, 2, 0, 0, 0, 0]

    private static func mqttLength(_ length: Int) -> [UInt8] {
        length < 128 ? [UInt8(length)] : [UInt8(length & 0x7F) | 0x80, UInt8(length >> 7)]
    }

    /// The opening handshake with the key of RFC 6455, section 1.3.
    private static func request(path: String) -> [UInt8] {
        Array(
            """
            GET \(path) HTTP/1.1\r
            Host: 127.0.0.1\r
            Upgrade: websocket\r
            Connection: Upgrade\r
            Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r
            Sec-WebSocket-Version: 13\r
            \r\n
            """.utf8)
    }
}
