internal import WSQueueCore

/// What a reply may be at most: a server that is none, or another program at its port, must cost little.
package struct RESPLimits: Sendable {
    /// Lists in lists.
    package var depth = 16
    /// One reply, its elements counted as ``RESPLimits/elementBytes`` each.
    package var replyBytes = 64 * 1_048_576
    /// One string.
    package var textBytes = 64 * 1_048_576
    /// A line: a status, an error, a length.
    package var lineBytes = 65_536

    static let elementBytes = 32

    package init() {}
}

/// A piece of a reply.
package enum RESPPart: Equatable, Sendable {
    /// A list or a map that is not put together begins; its parts follow, as many as it says, then its `close`.
    case open(count: Int)
    case close
    /// A reply, or an element of what is not put together.
    case value(RESPValue)
}

/// Cuts a server's byte stream into replies (RESP2, RESP3), as they arrive.
///
/// A reply is put together, but the outer ``unpackedDepth`` levels are told part by part: of a long list each element can
/// be taken while the others are still on their way.
package struct RESPParser: Sendable {
    /// How many levels of the replies to come are not put together.
    package var unpackedDepth = 0
    private let limits: RESPLimits
    private var buffer: [UInt8] = []
    private var position = 0
    private var frames: [Frame] = []
    private var replyBytes = 0

    private enum Kind { case list, map, push, attribute, unpacked }

    /// A list that has begun.
    private struct Frame {
        let kind: Kind
        var left: Int
        var values: [RESPValue] = []
    }

    /// Makes a parser that stands before a reply.
    package init(limits: RESPLimits = RESPLimits()) { self.limits = limits }

    /// How many bytes have come that are not read yet.
    package var bufferedBytes: Int { buffer.count - position }

    /// Takes what has come.
    package mutating func append(_ bytes: Span<UInt8>) {
        if position == buffer.count {
            buffer.removeAll(keepingCapacity: buffer.count <= 1_048_576)
            position = 0
        } else if position > 65_536, position > buffer.count / 2 {
            buffer.removeFirst(position)
            position = 0
        }
        buffer.append(copying: bytes)
    }

    /// The next part; `nil` until more has come.
    ///
    /// - Throws: ``RESPFault``, after which the connection is of no use any more.
    package mutating func next() throws(RESPFault) -> RESPPart? {
        if let last = frames.last, last.kind == .unpacked, last.left == 0 {
            frames.removeLast()
            return .close
        }
        while let token = try nextToken() {
            switch token {
            case .value(let value):
                if let part = add(value) { return part }
            case .list(let kind, let count):
                if let part = try open(kind, count) { return part }
            }
        }
        return nil
    }

    private enum Token {
        case value(RESPValue)
        case list(Kind, count: Int)
    }

    /// Puts a value where it belongs.
    private mutating func add(_ value: RESPValue) -> RESPPart? {
        var value = value
        while let last = frames.indices.last {
            frames[last].left -= 1
            if frames[last].kind == .unpacked { return .value(value) }
            frames[last].values.append(value)
            guard frames[last].left == 0 else { return nil }
            let frame = frames.removeLast()
            // What an attribute says about the value after it is not used.
            guard let whole = Self.whole(frame.kind, frame.values) else { return nil }
            value = whole
        }
        return .value(value)
    }

    private mutating func open(_ kind: Kind, _ count: Int) throws(RESPFault) -> RESPPart? {
        guard frames.count < limits.depth else { throw RESPFault(reason: "lists deeper than \(limits.depth)") }
        let isInUnpacked = frames.last.map { $0.kind == .unpacked } ?? true
        if frames.count < unpackedDepth, isInUnpacked, kind == .list || kind == .map {
            if let last = frames.indices.last { frames[last].left -= 1 }
            frames.append(Frame(kind: .unpacked, left: count))
            return .open(count: count)
        }
        guard count > 0 else { return Self.whole(kind, []).flatMap { add($0) } }
        frames.append(Frame(kind: kind, left: count))
        return nil
    }

    private static func whole(_ kind: Kind, _ values: [RESPValue]) -> RESPValue? {
        switch kind {
        case .list: .list(values)
        case .map: .map(values)
        case .push: .push(values)
        case .attribute, .unpacked: nil
        }
    }

    private mutating func nextToken() throws(RESPFault) -> Token? {
        guard let (line, end) = try nextLine() else { return nil }
        let kind = buffer[position]
        let text = line.lowerBound + 1..<line.upperBound
        if let token = try scalar(kind, text) {
            position = end
            try charge(text.count)
            return .value(token)
        }
        let count = try count(text)
        switch kind {
        case UInt8(ascii: "$"), UInt8(ascii: "="), UInt8(ascii: "!"):
            guard let count else { return try take(.value(.null), end) }
            guard count <= limits.textBytes else { throw RESPFault(reason: "a string of \(count) bytes") }
            guard buffer.count >= end + count + 2 else { return nil }
            let value = try string(kind, end..<end + count)
            try charge(count)
            return try take(.value(value), end + count + 2)
        case UInt8(ascii: "*"), UInt8(ascii: "~"):
            guard let count else { return try take(.value(.null), end) }
            return try take(.list(.list, count: count), end)
        case UInt8(ascii: "%"): return try take(.list(.map, count: try pairs(count)), end)
        case UInt8(ascii: ">"): return try take(.list(.push, count: count ?? 0), end)
        case UInt8(ascii: "|"): return try take(.list(.attribute, count: try pairs(count)), end)
        default: throw RESPFault(reason: "an answer that begins with byte \(kind): is it a Redis server?")
        }
    }

    private mutating func take(_ token: Token, _ end: Int) throws(RESPFault) -> Token {
        position = end
        try charge(0)
        return token
    }

    private func pairs(_ count: Int?) throws(RESPFault) -> Int {
        guard let count else { throw RESPFault(reason: "a map without a length") }
        return 2 * count
    }

    private mutating func charge(_ count: Int) throws(RESPFault) {
        replyBytes += count + RESPLimits.elementBytes
        // Of an unpacked reply only what is put together is counted.
        if frames.last?.kind == .unpacked || frames.isEmpty { replyBytes = count + RESPLimits.elementBytes }
        guard replyBytes <= limits.replyBytes else {
            throw RESPFault(reason: "an answer larger than \(limits.replyBytes) bytes")
        }
    }

    /// A value that is one line; `nil` where a length stands there.
    private func scalar(_ kind: UInt8, _ text: Range<Int>) throws(RESPFault) -> RESPValue? {
        switch kind {
        case UInt8(ascii: "+"), UInt8(ascii: "("): return .text(Array(buffer[text]))
        case UInt8(ascii: "-"): return .error(String(decoding: buffer[text], as: UTF8.self))
        case UInt8(ascii: "_"): return .null
        case UInt8(ascii: ":"):
            guard let number = Int64(String(decoding: buffer[text], as: UTF8.self)) else {
                throw RESPFault(reason: "an integer that is none")
            }
            return .integer(number)
        case UInt8(ascii: ","):
            guard let number = Double(String(decoding: buffer[text], as: UTF8.self)) else {
                throw RESPFault(reason: "a number that is none")
            }
            return .number(number)
        case UInt8(ascii: "#"):
            guard text.count == 1, let byte = buffer[text].first, byte == UInt8(ascii: "t") || byte == UInt8(ascii: "f")
            else { throw RESPFault(reason: "a truth value that is none") }
            return .boolean(byte == UInt8(ascii: "t"))
        default: return nil
        }
    }

    private func string(_ kind: UInt8, _ range: Range<Int>) throws(RESPFault) -> RESPValue {
        guard buffer[range.upperBound] == UInt8(ascii: "\r"), buffer[range.upperBound + 1] == UInt8(ascii: "\n") else {
            throw RESPFault(reason: "a string that does not end where it should")
        }
        switch kind {
        case UInt8(ascii: "!"): return .error(String(decoding: buffer[range], as: UTF8.self))
        case UInt8(ascii: "="):
            guard range.count >= 4 else { throw RESPFault(reason: "a verbatim string without its format") }
            return .text(Array(buffer[range.dropFirst(4)]))
        default: return .text([UInt8](buffer.span, in: range))
        }
    }

    /// A length; `nil` for -1, the null of RESP2.
    private func count(_ text: Range<Int>) throws(RESPFault) -> Int? {
        let digits = String(decoding: buffer[text], as: UTF8.self)
        if digits == "-1" { return nil }
        guard digits.utf8.count <= 10, let number = UInt32(digits) else {
            throw RESPFault(reason: "a length that is none")
        }
        return Int(number)
    }

    /// Where the line at `position` lies, and what is after its end.
    private func nextLine() throws(RESPFault) -> (Range<Int>, end: Int)? {
        var index = position
        while index < buffer.count, buffer[index] != UInt8(ascii: "\r") {
            index += 1
            guard index - position <= limits.lineBytes else {
                throw RESPFault(reason: "a line longer than \(limits.lineBytes) bytes")
            }
        }
        guard index + 1 < buffer.count else { return nil }
        guard buffer[index + 1] == UInt8(ascii: "\n"), index > position else {
            throw RESPFault(reason: "a line that does not end as it should")
        }
        return (position..<index, index + 2)
    }
}
