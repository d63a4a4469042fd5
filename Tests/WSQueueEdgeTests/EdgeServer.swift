import Foundation
import Glibc
import Support
import Testing
import WSQueueAccess
import WSQueueCore
import WSQueueEdge
import WSQueueLog
import WSQueueNet
import WSQueueOperation
import WSQueueRoutes
import WSQueueSystem
import WSQueueWire

/// The clients' side of a server in this process; a test is the hub.
final class EdgeServer {
    let edge: Edge
    private var writer: PublicationWriter
    private var journal: JournalWriter
    private(set) var seq: UInt64 = 0

    init(
        loops count: Int = 1, queuePath: String? = nil, journal storage: JournalStorage = .memory,
        _ configure: (inout Configuration) throws -> Void = { _ in }
    ) throws {
        var configuration = Configuration()
        configuration.addresses = [.internet(host: "127.0.0.1", port: 0)]
        configuration.clientLimit = 1_000
        if let queuePath { configuration.queuePath = queuePath }
        try configure(&configuration)
        let publications = try PublicationLog(minimumBytes: configuration.ringBytes, seq: 0)
        journal = try JournalWriter(storage, limits: JournalLimits(), epoch: "e1", unix: 0, boot: "b")
        writer = PublicationWriter(publications)
        var handles: [LoopHandle] = []
        for _ in 0..<count { handles.append(try LoopHandle()) }
        edge = Edge(
            configuration: configuration, log: try Log(level: .error, format: .text, destination: .file("/dev/null")),
            publications: publications, journal: journal.journal, control: try AccessControl(configuration),
            publishDesk: queuePath == nil ? nil : try PublishDesk(),
            authorizeDesk: try configuration.authorizeURL.map { try AuthorizeDesk($0) }, nodes: nil,
            hubWakeup: try Wakeup(), loops: handles, descriptorLimit: 1_024)
        try edge.listen()
        try edge.startLoops()
        try eventually("loops are open") { handles.allSatisfy { $0.isOpen } }
    }

    deinit { for loop in edge.loops { loop.mailbox.post(.drain(deadline: Clock.monotonicNanoseconds())) } }

    var address: Address { edge.listeners[0].address }

    /// Publishes an event; to a channel, one copy for each.
    ///
    /// - Parameter isRecorded: Done when it is in the history, and no client has been sent it.
    func publish(
        _ payload: String = "1", channels: [String] = [], recipients: [String]? = nil, except: Int64? = nil,
        key: String? = nil, expiresAtMicroseconds: Int64? = nil, isNews: Bool = false,
        _ isRecorded: () throws -> Void = {}
    ) throws {
        seq += 1
        let head = #"{"event":"e","payload":\#(payload),"timestamp":1,"id":"i\#(seq)","seq":\#(seq)"#
        let tail = key.map { #","key":"\#($0)"}"# } ?? "}"
        var record = JournalRecord(
            seq: seq, unixNanoseconds: 0, identity: JournalRecord.Identity(id: Array("i\(seq)".utf8), stamp: 0))
        record.parts.channels = channels
        record.parts.recipients = recipients
        record.parts.excepts = except.map { [$0] } ?? []
        record.parts.key = key.map { Array($0.utf8) }
        record.parts.expiresAtMicroseconds = expiresAtMicroseconds
        if isNews {
            record.parts.kind = .news
            journal.stageNews(record, message: Array((head + tail).utf8))
        } else {
            journal.stage(record, message: Array((head + tail).utf8).span)
        }
        _ = try journal.commit(unix: 0)
        try isRecorded()
        let exceptions = Exceptions(connections: except.map { [$0] } ?? [])
        for channel in channels.isEmpty ? [nil] : channels.map(Optional.some) {
            let message = head + (channel.map { #","channel":"\#($0)""# } ?? "") + tail
            let frame = FrameEncoder.frame(.text, Array(message.utf8).span)
            let audience: Audience =
                if let recipients {
                    .users(recipients, channel: channel, except: exceptions)
                } else if let channel {
                    .channel(channel, except: exceptions)
                } else {
                    exceptions.isEmpty ? .everyone : .everyoneExcept(exceptions)
                }
            writer.append(byteCount: frame.count, seq: seq, audience: audience) { output in
                for byte in frame { output.append(byte) }
            }
        }
        writer.publish(oldestNeeded: edge.ports.marks.oldest)
        for loop in edge.loops { loop.wakeup.signal() }
    }

    /// What is published from now on has numbers of another numbering, and the loops are not told yet.
    func beginNumbering() { writer.skip(to: seq) }

    /// Whether a client has asked how the server stands.
    var isAskedForStatus: Bool { edge.ports.status.isWanted(since: .min) }

    /// Says how the queue is, as a hub does when it is asked.
    func answerStatus() {
        let askers = edge.ports.status.write(HubStatus(), now: Clock.monotonicNanoseconds())
        for loop in askers { edge.loops[loop].wakeup.signal() }
    }

    func client(
        _ target: String = "/", protocol name: String? = nil, fields: [String] = [], receiveBytes: Int32? = nil
    ) throws -> TestClient {
        let client = try TestClient(address, receiveBytes: receiveBytes)
        try client.open(target, protocol: name, fields: fields)
        return client
    }

    /// A plain exchange.
    func ask(_ request: String) throws -> String {
        let client = try TestClient(address)
        if request.isEmpty { client.finish() } else { try client.send(Array(request.utf8)) }
        return try client.rest()
    }

    /// A request without a body.
    func get(_ target: String, method: String = "GET", fields: [String] = []) throws -> String {
        let lines = ["\(method) \(target) HTTP/1.1", "Host: localhost"] + fields
        return try ask(lines.joined(separator: "\r\n") + "\r\n\r\n")
    }

    /// Cuts down what the kernel keeps for sockets that are accepted from now on.
    func limitSendBuffer(_ bytes: Int32) {
        var bytes = bytes
        for listener in edge.listeners {
            setsockopt(listener.number, SOL_SOCKET, SO_SNDBUF, &bytes, socklen_t(MemoryLayout<Int32>.size))
        }
    }
}

/// A program at the other end.
final class TestClient {
    private let number: Int32
    private var bytes: [UInt8] = []
    private var buffer = [UInt8](repeating: 0, count: 65_536)

    /// Connects.
    ///
    /// - Parameter receiveBytes: What the kernel keeps of what has come, where that shall be little.
    init(_ address: Address, receiveBytes: Int32? = nil) throws {
        guard case .internet(_, let port) = address else { throw Failure.connect(0) }
        number = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        if var bytes = receiveBytes {
            setsockopt(number, SOL_SOCKET, SO_RCVBUF, &bytes, socklen_t(MemoryLayout<Int32>.size))
        }
        var patience = timeval(tv_sec: 10, tv_usec: 0)
        for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
            setsockopt(number, SOL_SOCKET, option, &patience, socklen_t(MemoryLayout<timeval>.size))
        }
        var there = sockaddr_in()
        there.sin_family = sa_family_t(AF_INET)
        there.sin_port = port.bigEndian
        there.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let result = withUnsafePointer(to: there) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(number, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else { throw Failure.connect(errno) }
    }

    deinit { close(number) }

    enum Failure: Error {
        case connect(Int32)
        case send(Int32)
        case receive(Int32)
    }

    func send(_ bytes: [UInt8]) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.send(number, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard count > 0 else { throw Failure.send(errno) }
            rest = rest.dropFirst(count)
        }
    }

    /// Says that nothing more will come.
    func finish() { shutdown(number, Int32(SHUT_WR)) }

    func say(_ text: String) throws { try send(ClientFrames.text(text)) }
    func say(_ action: String, _ data: String) throws { try say(#"{"action":"\#(action)","data":\#(data)}"#) }

    func open(_ target: String, protocol name: String?, fields: [String]) throws {
        let lines =
            [
                "GET \(target) HTTP/1.1", "Host: localhost", "Upgrade: websocket", "Connection: Upgrade",
                "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
            ] + (name.map { ["Sec-WebSocket-Protocol: \($0)"] } ?? []) + fields
        try send(Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8))
        let head = try line(until: "\r\n\r\n")
        try #require(head.hasPrefix("HTTP/1.1 101"), "\(head)")
    }

    /// What comes up to a mark, and the mark.
    func line(until mark: String) throws -> String {
        let mark = Array(mark.utf8)
        while true {
            if let end = bytes.indices.first(where: { bytes[..<$0].suffix(mark.count).elementsEqual(mark) }) {
                defer { bytes.removeFirst(end) }
                return String(decoding: bytes[..<end], as: UTF8.self)
            }
            if bytes.count >= mark.count, bytes.suffix(mark.count).elementsEqual(mark) {
                defer { bytes = [] }
                return String(decoding: bytes, as: UTF8.self)
            }
            try #require(try fill(), "the connection has ended")
        }
    }

    /// Reads more.
    ///
    /// - Returns: Whether something came, and not the end.
    private func fill() throws -> Bool {
        let count = recv(number, &buffer, buffer.count, 0)
        guard count >= 0 else { throw Failure.receive(errno) }
        bytes += buffer[..<count]
        return count > 0
    }

    /// All that comes until the other end closes.
    func rest() throws -> String {
        while try fill() {}
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The next frame: its opcode and payload.
    func frame() throws -> (opcode: UInt8, payload: [UInt8]) {
        while true {
            if let (length, start) = header, bytes.count >= start + length {
                defer { bytes.removeFirst(start + length) }
                return (bytes[0] & 15, Array(bytes[start..<(start + length)]))
            }
            try #require(try fill(), "the connection has ended")
        }
    }

    private var header: (length: Int, start: Int)? {
        guard bytes.count >= 2 else { return nil }
        let count = bytes[1] == 126 ? 2 : bytes[1] == 127 ? 8 : 0
        guard bytes.count >= 2 + count else { return nil }
        if count == 0 { return (Int(bytes[1]), 2) }
        return (bytes[2..<(2 + count)].reduce(0) { $0 << 8 | Int($1) }, 2 + count)
    }

    /// The next message; pings are not answered.
    func text() throws -> String {
        var (opcode, payload) = try frame()
        while opcode == 9 { (opcode, payload) = try frame() }
        let text = String(decoding: payload, as: UTF8.self)
        try #require(opcode == 1, "opcode \(opcode): \(text)")
        return text
    }

    /// The code of the close frame, which is next.
    func closeCode() throws -> Int {
        let (opcode, payload) = try frame()
        try #require(opcode == 8 && payload.count >= 2, "opcode \(opcode)")
        return Int(payload[0]) << 8 | Int(payload[1])
    }
}

/// Waits for something.
func eventually(_ what: String, _ isThere: () throws -> Bool) throws {
    // A build that watches memory takes its time.
    let deadline = Clock.monotonicNanoseconds() + 60_000_000_000
    while try !isThere() {
        try #require(Clock.monotonicNanoseconds() < deadline, "not within 60 s: \(what)")
        usleep(2_000)
    }
}

/// The number of an event.
func seq(_ text: String) -> Int? {
    text.range(of: #""seq":"#).flatMap { Int(text[$0.upperBound...].prefix { $0.isNumber }) }
}
