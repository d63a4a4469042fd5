import WSQueueCore

// `#expect` cannot look into a call that takes a span: here are the same calls with arrays.

extension UTF8Validator {
    static func isValid(_ bytes: [UInt8]) -> Bool { isValid(bytes.span) }
    mutating func take(_ bytes: some Sequence<UInt8>) -> Bool { consume(Array(bytes).span) }
}

extension Channel {
    static func isValid(_ name: [UInt8]) -> Bool { isValid(name.span) }
    init?(bytes name: String) { self.init(Array(name.utf8).span) }
}

extension SHA1 {
    static func digest(_ message: [UInt8]) -> [UInt8] { digest(message.span) }
}

extension Base64 {
    func encode(_ bytes: some Sequence<UInt8>) -> [UInt8] { encode(Array(bytes).span) }
    func decode(_ text: some Sequence<UInt8>) -> [UInt8]? { decode(Array(text).span) }
}

extension JSONScanner {
    /// Why `text` is refused; `nil` where it is accepted.
    static func fault(of text: [UInt8]) -> JSONFault? {
        do throws(JSONFault) {
            try validate(text.span)
            return nil
        } catch { return error }
    }
}

extension JSONObjectReader {
    /// All members of the object that `text` is.
    static func members(of text: [UInt8]) throws(JSONFault) -> [JSONMember] {
        var reader = JSONObjectReader()
        var members: [JSONMember] = []
        while let member = try reader.next(in: text.span) { members.append(member) }
        return members
    }
}

extension JSONString {
    static func decode(_ text: String) -> [UInt8]? {
        let token = Array("\"\(text)\"".utf8)
        return decode(contents(of: token.indices), in: token.span)
    }
    static func text(of contents: Range<Int>, in bytes: [UInt8]) -> String? { text(contents, in: bytes.span) }
}

extension EventText {
    /// The event that `text` is, or the fault.
    static func result(of text: some Sequence<UInt8>) -> Result<EventText, EventFault> {
        let bytes = Array(text)
        do throws(EventFault) { return .success(try decode(bytes.span)) } catch { return .failure(error) }
    }
}

extension Label {
    static func isValid(_ bytes: [UInt8]) -> Bool { isValid(bytes.span) }
}
