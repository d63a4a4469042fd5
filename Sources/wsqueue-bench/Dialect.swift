/// How a server is spoken to: what a client says to get everything, and how its messages are cut out of the stream.
enum Dialect: String, CaseIterable {
    /// WebSocket; events come from files in a directory. wsqueue and the floors.
    case spool
    /// WebSocket; events are sent as text frames on a connection to `/publish`.
    case socket
    /// WebSocket; events are sent as POST requests to `/pub?id=SUBJECT` (nchan).
    case nchan
    /// The NATS protocol inside of WebSocket; events are sent over plain TCP.
    case nats
    /// The same with a stream that keeps the events; each subscriber has a consumer of its own, from the first one on.
    case jetstream
    /// MQTT 3.1.1 over plain TCP.
    case mqtt

    /// What a subscriber sends first.
    func greeting(path: String) -> [UInt8] {
        switch self {
        case .mqtt: Self.mqttConnect
        case .spool, .socket, .nchan, .nats, .jetstream: Self.request(path: path)
        }
    }

    /// What a subscriber sends when the greeting was answered; `nil` when it has subscribed already.
    func subscription(subject: String, client: Int) -> [UInt8]? {
        switch self {
        case .spool, .socket, .nchan: nil
        case .nats:
            Self.maskedFrame(2, Self.natsConnect + Array("SUB \(subject) 1\r\nPING\r\n".utf8))
        case .jetstream: Self.maskedFrame(2, Self.natsConnect + Self.natsConsumer(client))
        case .mqtt:
            [0x82, UInt8(subject.utf8.count + 5), 0, 1, 0, UInt8(subject.utf8.count)] + Array(subject.utf8) + [0]
        }
    }

    /// What a publisher sends first.
    func publisherGreeting(subject: String) -> [UInt8] {
        switch self {
        case .spool, .nchan: []
        case .socket: Self.request(path: "/publish")
        case .nats: Self.natsConnect
        case .jetstream: Self.natsConnect + Self.natsStream(subject)
        case .mqtt: Self.mqttConnect
        }
    }

    /// What a publisher sends for one event.
    func publication(_ text: [UInt8], subject: String) -> [UInt8] {
        switch self {
        case .spool: text
        case .socket: Self.maskedFrame(1, text)
        case .nchan:
            Array("POST /pub?id=\(subject) HTTP/1.1\r\nHost: bench\r\nContent-Length: \(text.count)\r\n\r\n".utf8)
                + text
        case .nats, .jetstream: Self.natsPublication(subject, text)
        case .mqtt:
            [0x30] + Self.mqttLength(text.count + subject.utf8.count + 2) + [0, UInt8(subject.utf8.count)]
                + Array(subject.utf8) + text
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

    /// What answers a NATS server that asks whether a subscriber keeps up.
    static func natsAnswer(to subject: [UInt8]) -> [UInt8] {
        maskedFrame(2, Array("PUB ".utf8) + subject + Array(" 0\r\n\r\n".utf8))
    }

    private static let natsConnect = Array(
        "CONNECT {\"verbose\":false,\"pedantic\":false,\"headers\":true}\r\n".utf8)

    private static func natsPublication(_ subject: String, reply: String = "", _ text: [UInt8]) -> [UInt8] {
        Array("PUB \(subject) \(reply)\(reply.isEmpty ? "" : " ")\(text.count)\r\n".utf8) + text + [13, 10]
    }

    /// Makes a stream of all that is published to a subject.
    private static func natsStream(_ subject: String) -> [UInt8] {
        let text = "{\"name\":\"PAST\",\"subjects\":[\"\(subject)\"],\"storage\":\"file\",\"num_replicas\":1}"
        return natsPublication("$JS.API.STREAM.CREATE.PAST", reply: "made", Array(text.utf8))
    }

    /// Makes a consumer as NATS' own clients do for one that reads a stream in order.
    private static func natsConsumer(_ client: Int) -> [UInt8] {
        let subject = "to.\(client)"
        let text = """
            {"stream_name":"PAST","config":{"deliver_subject":"\(subject)","deliver_policy":"by_start_sequence",\
            "opt_start_seq":1,"ack_policy":"none","max_deliver":1,"mem_storage":true,"num_replicas":1,\
            "flow_control":true,"idle_heartbeat":5000000000}}
            """
        return Array("SUB \(subject) 1\r\n".utf8)
            + natsPublication("$JS.API.CONSUMER.CREATE.PAST", reply: "made", Array(text.utf8)) + Array("PING\r\n".utf8)
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
