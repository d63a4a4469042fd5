/// What a client has received of a WebSocket: the answer to its handshake, and then frames; or of a stream of Server-Sent
/// Events: the answer's head, and then pieces that end with an empty line.
struct Reception {
    /// What stands between two empty lines, without comments and what says when to return.
    struct Piece {
        var id: String?
        var data: [UInt8]?
    }

    private let isStream: Bool
    private var buffer: [UInt8] = []
    private(set) var isUpgraded = false
    /// Whether the server has answered otherwise.
    private(set) var isRefused = false

    init(isStream: Bool = false) { self.isStream = isStream }

    /// Takes as many bytes of what has come.
    mutating func take(_ count: Int, from connection: SimulatedConnection) {
        buffer.append(contentsOf: connection.toClient.prefix(count))
        connection.toClient.removeFirst(count)
        guard !isUpgraded, let end = Bytes.find("\r\n\r\n", in: buffer[...]) else { return }
        isRefused = Bytes.find(isStream ? "HTTP/1.1 200" : "HTTP/1.1 101", in: buffer[...]) != 0
        guard !isRefused else { return }
        buffer.removeFirst(end + 4)
        isUpgraded = true
    }

    /// The next frame that is whole; its opcode is `nil` where it is of an unknown kind.
    mutating func next() -> (opcode: Frame.Opcode?, payload: ArraySlice<UInt8>)? {
        guard isUpgraded, !isStream, let frame = Frame(buffer[...]) else { return nil }
        defer { buffer.removeFirst(frame.payload.upperBound) }
        return (frame.opcode, buffer[frame.payload])
    }

    /// The next piece of a stream that is whole.
    mutating func nextPiece() -> Piece? {
        guard isUpgraded, isStream, let end = Bytes.find("\n\n", in: buffer[...]) else { return nil }
        defer { buffer.removeFirst(end + 2) }
        var piece = Piece()
        for line in buffer[..<end].split(separator: 0x0A) {
            if line.starts(with: "id: ".utf8) { piece.id = Bytes.text(line.dropFirst(4)) }
            if line.starts(with: "data: ".utf8) { piece.data = (piece.data ?? []) + line.dropFirst(6) }
        }
        return piece
    }
}

/// A whole frame of the server at the beginning of some bytes (RFC 6455 §5.2).
struct Frame {
    enum Opcode: UInt8 {
        case text = 0x81
        case close = 0x88
        case ping = 0x89
    }

    let opcode: Opcode?
    let payload: Range<Int>

    /// Reads one; `nil` where not all of it is there. The events here are shorter than 64 KB.
    init?(_ bytes: ArraySlice<UInt8>) {
        guard bytes.count >= 2 else { return nil }
        opcode = Opcode(rawValue: bytes[0])
        var (start, length) = (2, Int(bytes[1]))
        if length == 126 {
            guard bytes.count >= 4 else { return nil }
            (start, length) = (4, Int(bytes[2]) << 8 | Int(bytes[3]))
        }
        guard bytes.count >= start + length else { return nil }
        payload = start..<(start + length)
    }
}

extension Reception {
    /// Reads what a server sends, until something is made of a message.
    ///
    /// - Returns: `nil` where the connection ends before that.
    static func first<Result>(
        on connection: SimulatedConnection, _ kernel: Kernel, where make: (ArraySlice<UInt8>) -> Result?
    ) -> Result? {
        var reception = Reception()
        while true {
            kernel.pause { !connection.toClient.isEmpty || connection.isReset || connection.isClosedByServer }
            guard !connection.toClient.isEmpty else { return nil }
            reception.take(connection.toClient.count, from: connection)
            guard !reception.isRefused else { return nil }
            while let (opcode, text) = reception.next() {
                guard opcode != .close else { return nil }
                if let result = make(text) { return result }
            }
        }
    }
}
