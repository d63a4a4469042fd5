/// The events that are sent: numbered, and of the same bytes for every server.
///
/// The text is that of an event file whose message to the clients has the same bytes but for the order number, so that
/// servers which pass texts through send what wsqueue sends.
struct BenchEvent {
    /// How many bytes the payload has.
    let payloadBytes: Int
    /// The channel it goes to.
    let channel: String?
    /// Over how many names, and channels, events are spread in turn, at most ten: `ben.0` to `ben.9`; 1 is `bench` for all.
    let spread: Int

    private static let head = Array("{\"event\":\"bench\",\"payload\":{\"n\":\"".utf8)
    private static let spreadHead = Array("{\"event\":\"ben.".utf8)
    private static let digitCount = 10

    /// Where the number stands in every message.
    static let numberOffset = head.count

    /// The text of one event.
    func text(_ number: Int) -> [UInt8] {
        let digits = Self.digits(number)
        // With a channel the payload is shorter, so that messages are as long as without.
        let part = String(number % spread)
        let member = channel.map { ",\"channel\":\"\($0)\(spread > 1 ? ".\(part)" : "")\"" } ?? ""
        let padding = max(0, payloadBytes - Self.digitCount - 17 - member.utf8.count)
        let head = spread > 1 ? Self.spreadHead + part.utf8 + Self.head[(Self.spreadHead.count + 1)...] : Self.head
        var text = head + digits + Array("\",\"pad\":\"".utf8)
        text += [UInt8](repeating: UInt8(ascii: "x"), count: padding)
        // Who publishes to a channel may do so beside one that does not.
        let mark = channel == nil ? "b" : "c"
        text +=
            Array("\"},\"timestamp\":1792000000,\"id\":\"\(mark)".utf8) + digits
            + Array("\",\"seq\":100000\(member)}".utf8)
        return text
    }

    /// The number in a message, or `nil` when it is no message of ours.
    static func number(in message: Range<Int>, of bytes: Span<UInt8>) -> Int? {
        let start = message.lowerBound + numberOffset
        guard start + digitCount < message.upperBound else { return nil }
        return decimal(start..<(start + digitCount), of: bytes)
    }

    /// The order number at the end of a message, or `nil`.
    static func seq(in message: Range<Int>, of bytes: Span<UInt8>) -> Int? {
        let end = message.upperBound - 1
        var start = end
        while start > message.lowerBound, bytes[start - 1] &- UInt8(ascii: "0") <= 9 { start -= 1 }
        return start < end ? decimal(start..<end, of: bytes) : nil
    }

    private static func decimal(_ range: Range<Int>, of bytes: Span<UInt8>) -> Int? {
        var value = 0
        for index in range {
            let digit = bytes[index] &- UInt8(ascii: "0")
            guard digit <= 9 else { return nil }
            value = value &* 10 &+ Int(digit)
        }
        return value
    }

    private static func digits(_ number: Int) -> [UInt8] {
        let text = String(number)
        return [UInt8](repeating: UInt8(ascii: "0"), count: digitCount - text.utf8.count) + Array(text.utf8)
    }
}
