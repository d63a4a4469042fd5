/// Cuts messages out of what one client has received.
enum MessageCutter {
    /// One thing a server sent.
    enum Piece {
        /// A message; where its text lies.
        case message(Range<Int>)
        /// Something of the protocol's own.
        case other
        /// The answer that says that a subscription stands.
        case subscribed
        /// The server asks whether the client keeps up (NATS); where the subject of the answer lies.
        case question(Range<Int>)
        /// A WebSocket ping; where its payload lies.
        case ping(Range<Int>)
        /// The server closes the connection; where the code and the reason lie.
        case close(Range<Int>)
    }

    /// Takes the next frame of a server, unmasked (RFC 6455, section 5.2).
    ///
    /// - Returns: `nil` when it is not all there; `position` stays.
    static func webSocket(_ bytes: Span<UInt8>, from position: inout Int, end: Int) -> Piece? {
        guard position + 2 <= end else { return nil }
        var start = position + 2
        var length = Int(bytes[position + 1])
        if length >= 126 {
            let count = length == 126 ? 2 : 8
            guard start + count <= end else { return nil }
            length = 0
            for index in start..<(start + count) { length = length << 8 | Int(bytes[index]) }
            start += count
        }
        guard start + length <= end else { return nil }
        let opcode = bytes[position] & 0x0F
        position = start + length
        switch opcode {
        case 1, 2: return .message(start..<position)
        case 8: return .close(start..<position)
        case 9: return .ping(start..<position)
        default: return .other
        }
    }

    /// Takes the next line, and payload, of the NATS protocol.
    static func nats(_ bytes: Span<UInt8>, from position: inout Int, end: Int) -> Piece? {
        var lineEnd = position
        while lineEnd < end, bytes[lineEnd] != 10 { lineEnd += 1 }
        guard lineEnd < end else { return nil }
        let kind = bytes[position]
        guard kind == UInt8(ascii: "M") || kind == UInt8(ascii: "H") else {
            let isPong = kind == UInt8(ascii: "P") && bytes[position + 1] == UInt8(ascii: "O")
            position = lineEnd + 1
            return isPong ? .subscribed : .other
        }
        // MSG subject sid length\r\n: the length is the last word.
        var digit = lineEnd - 1
        while bytes[digit - 1] != 32 { digit -= 1 }
        var length = 0
        for index in digit..<(lineEnd - 1) { length = length * 10 + Int(bytes[index] - 48) }
        guard lineEnd + 1 + length + 2 <= end else { return nil }
        let line = position..<(lineEnd - 1)
        position = lineEnd + 1 + length + 2
        // With a head, and no message, it is the server's own: HMSG subject sid answer headLength length\r\n.
        guard kind == UInt8(ascii: "H") else { return .message(lineEnd + 1..<lineEnd + 1 + length) }
        // The server leaves the answer's place empty where it wants none.
        let spaces = line.filter { bytes[$0] == 32 }
        guard spaces.count == 5, spaces[2] + 1 < spaces[3] else { return .other }
        return .question(spaces[2] + 1..<spaces[3])
    }

    /// Takes the next packet of MQTT 3.1.1.
    static func mqtt(_ bytes: Span<UInt8>, from position: inout Int, end: Int) -> Piece? {
        var offset = position + 1
        var length = 0
        var shift = 0
        while true {
            guard offset < end else { return nil }
            length |= Int(bytes[offset] & 0x7F) << shift
            shift += 7
            offset += 1
            if bytes[offset - 1] < 0x80 { break }
        }
        guard offset + length <= end else { return nil }
        let kind = bytes[position] >> 4
        position = offset + length
        guard kind == 3 else { return kind == 9 ? .subscribed : .other }
        let topicLength = Int(bytes[offset]) << 8 | Int(bytes[offset + 1])
        return .message((offset + 2 + topicLength)..<position)
    }
}
