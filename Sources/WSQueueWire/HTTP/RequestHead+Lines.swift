// The lines of a head, and what they say together (RFC 9112, sections 3, 5 and 6).

extension RequestHead {
    /// Longer tokens than any method has are noise.
    private static let methodLimitBytes = 32

    /// Reads `METHOD SP TARGET SP VERSION` (RFC 9112, section 3).
    mutating func parseRequestLine(_ line: Range<Int>) throws(RequestError) {
        let parts = bytes[line].split(separator: ASCII.space, omittingEmptySubsequences: false)
        guard parts.count == 3, !parts[0].isEmpty, parts[0].count <= Self.methodLimitBytes,
            parts[0].allSatisfy(ASCII.isTokenCharacter)
        else { throw .malformedRequestLine }
        version = try Self.version(parts[2])
        method = RequestMethod(String(decoding: parts[0], as: UTF8.self))
        guard method != .connect else { throw .proxyMethod }
        rawTarget = Array(parts[1])
        target = try RequestTarget(rawTarget, method: method)
    }

    private static func version(_ part: ArraySlice<UInt8>) throws(RequestError) -> HTTPVersion {
        let start = part.startIndex
        // The name is case-sensitive, and each number is one digit (RFC 9112, section 2.3).
        guard part.count == 8, part.starts(with: "HTTP/".utf8), ASCII.isDigit(part[start + 5]),
            part[start + 6] == UInt8(ascii: "."), ASCII.isDigit(part[start + 7])
        else { throw .malformedRequestLine }
        guard part[start + 5] == UInt8(ascii: "1") else { throw .unknownVersion }
        switch part[start + 7] {
        case UInt8(ascii: "0"): return .oneZero
        case UInt8(ascii: "1"): return .oneOne
        default: throw .unknownVersion
        }
    }

    /// Reads `name ":" OWS value OWS` (RFC 9112, section 5); the name is put in lower case where it lies.
    mutating func parseField(_ line: Range<Int>) throws(RequestError) {
        guard !ASCII.isBlank(bytes[line.lowerBound]) else { throw .foldedField }
        guard let colon = bytes[line].firstIndex(of: ASCII.colon), colon > line.lowerBound,
            bytes[line.lowerBound..<colon].allSatisfy(ASCII.isTokenCharacter)
        else { throw .malformedFieldName }
        var value = colon + 1..<line.upperBound
        while let first = bytes[value].first, ASCII.isBlank(first) { value = value.lowerBound + 1..<value.upperBound }
        while let last = bytes[value].last, ASCII.isBlank(last) { value = value.lowerBound..<value.upperBound - 1 }
        guard bytes[value].allSatisfy(ASCII.isFieldCharacter) else { throw .malformedFieldValue }
        let name = line.lowerBound..<colon
        if bytes[name].elementsEqual("Connection".utf8), bytes[value].elementsEqual("upgrade".utf8) {
            hasProxysConnection = true
        }
        for index in name { bytes[index] = ASCII.lowercased(bytes[index]) }
        fields.append(Field(name: name, value: value))
    }

    /// Checks that there is one Host, or none in HTTP/1.0, and that it is one (RFC 9112, section 3.2).
    func checkHost() throws(RequestError) {
        let hosts = values(of: "host")
        guard hosts.count <= 1 else { throw .repeatedHost }
        guard let host = hosts.first else {
            guard version == .oneZero else { throw .missingHost }
            return
        }
        guard RequestTarget.isHost(host) else { throw .malformedHost }
    }

    /// Finds out how the body ends (RFC 9112, sections 6.1 to 6.3).
    mutating func decideBody() throws(RequestError) {
        let lengths = values(of: "content-length")
        guard values(of: "transfer-encoding").isEmpty else {
            guard lengths.isEmpty else { throw .ambiguousLength }
            try checkTransferEncoding()
            body = .chunked
            return
        }
        // Equal numbers twice could be taken as one, but only attackers send them.
        guard lengths.count <= 1 else { throw .malformedContentLength }
        guard let digits = lengths.first else { return }
        guard !digits.isEmpty, digits.allSatisfy(ASCII.isDigit) else { throw .malformedContentLength }
        guard let length = Int(String(decoding: digits, as: UTF8.self)) else { throw .bodyTooLong }
        body = length == 0 ? .none : .length(length)
    }

    private func checkTransferEncoding() throws(RequestError) {
        let codings = tokens(of: "transfer-encoding")
        // A body that does not end in chunks has no end that a server could see.
        guard version == .oneOne, let last = codings.last, ASCII.equalsIgnoringCase(last, "chunked"),
            !codings.dropLast().contains(where: { ASCII.equalsIgnoringCase($0, "chunked") })
        else { throw .malformedTransferEncoding }
        guard codings.count == 1 else { throw .unknownTransferCoding }
    }
}
