internal import WSQueueCore

/// What a request asks to be done (RFC 9110, section 9). Methods are case-sensitive.
package enum RequestMethod: Equatable, Sendable {
    case get, head, post, put, delete, options, connect
    /// Any other token.
    case other(String)

    /// Makes a method of its token.
    package init(_ name: String) {
        switch name {
        case "GET": self = .get
        case "HEAD": self = .head
        case "POST": self = .post
        case "PUT": self = .put
        case "DELETE": self = .delete
        case "OPTIONS": self = .options
        case "CONNECT": self = .connect
        default: self = .other(name)
        }
    }

    /// Its token.
    package var name: String {
        switch self {
        case .get: "GET"
        case .head: "HEAD"
        case .post: "POST"
        case .put: "PUT"
        case .delete: "DELETE"
        case .options: "OPTIONS"
        case .connect: "CONNECT"
        case .other(let name): name
        }
    }
}

/// The version that a request is written in.
package enum HTTPVersion: Sendable {
    /// HTTP/1.0.
    case oneZero
    /// HTTP/1.1.
    case oneOne
}

/// How a request's body ends (RFC 9112, section 6.3).
package enum RequestBody: Equatable, Sendable {
    /// There is none.
    case none
    /// After how many bytes, 1 or more.
    case length(Int)
    /// With its last chunk.
    case chunked

    /// How long it is, where that is said ahead.
    package var announcedBytes: Int? {
        switch self {
        case .none: 0
        case .length(let count): count
        case .chunked: nil
        }
    }
}

/// A request without its body, checked (RFC 9112, sections 2 to 6).
package struct RequestHead: Sendable {
    /// One field line: where its name, in lower case, and its trimmed value lie in `bytes`.
    struct Field: Sendable {
        let name: Range<Int>
        let value: Range<Int>
    }

    /// What is to be done.
    package private(set) var method = RequestMethod.get
    /// With what.
    package private(set) var target = RequestTarget.root
    /// The target as it was sent, for the log; it may hold a token.
    package private(set) var rawTarget: [UInt8] = []
    /// The version of the request line.
    package private(set) var version = HTTPVersion.oneOne
    /// How the body that follows ends.
    package private(set) var body = RequestBody.none
    /// Whether `Connection: upgrade` is written as nginx is told to write it in every example, and as no browser does.
    private(set) var hasProxysConnection = false
    private(set) var bytes: [UInt8] = []
    private(set) var fields: [Field] = []

    /// Longer tokens than any method has are noise.
    private static let methodLimitBytes = 32

    init() {}

    /// The host that the client wants, `name[:port]`: the target's, where it names one, or else the Host field.
    package var host: [UInt8]? { target.authority ?? value(of: "host") }

    /// Whether the client waits for ``Response/proceed`` before it sends the body (RFC 9110, section 10.1.1), as curl
    /// does with larger ones; without it curl loses a second.
    package var expectsContinue: Bool {
        version == .oneOne && body != .none && hasToken("100-continue", in: "expect")
    }

    /// The values of all lines of a field, in the order they came, without white space around them.
    ///
    /// - Parameter name: The field's name in lower case.
    package func values(of name: String) -> [[UInt8]] {
        var values: [[UInt8]] = []
        for field in fields where bytes[field.name].elementsEqual(name.utf8) {
            values.append(Array(bytes[field.value]))
        }
        return values
    }

    /// The value of a field; several lines are joined with `, ` (RFC 9110, section 5.3).
    ///
    /// - Parameter name: The field's name in lower case.
    package func value(of name: String) -> [UInt8]? {
        let values = values(of: name)
        guard let first = values.first else { return nil }
        return values.dropFirst().reduce(into: first) { joined, value in
            joined.append(", ")
            joined.append(contentsOf: value)
        }
    }

    /// The value of a field as text; bytes that are not UTF-8 become U+FFFD.
    ///
    /// - Parameter name: The field's name in lower case.
    package func text(of name: String) -> String? {
        value(of: name).map { String(decoding: $0, as: UTF8.self) }
    }

    /// The token of `Authorization: Bearer` (RFC 6750, section 2.1); of several lines, or with something after it, one
    /// that no server has made.
    package var bearerToken: [UInt8]? {
        let scheme = "bearer "
        guard let value = value(of: "authorization"),
            ASCII.equalsIgnoringCase(value.prefix(scheme.utf8.count), scheme)
        else { return nil }
        return Self.trimmed(value.dropFirst(scheme.utf8.count))
    }

    /// The elements of a list field over all its lines, empty ones left out (RFC 9110, section 5.6.1).
    ///
    /// - Parameter name: The field's name in lower case.
    package func tokens(of name: String) -> [[UInt8]] {
        values(of: name).flatMap { value in
            value.split(separator: ASCII.comma).map { Self.trimmed($0) }.filter { !$0.isEmpty }
        }
    }

    /// Whether a list field has an element, whatever its case.
    ///
    /// - Parameters:
    ///   - token: The element in lower case.
    ///   - name: The field's name in lower case.
    package func hasToken(_ token: String, in name: String) -> Bool {
        tokens(of: name).contains { ASCII.equalsIgnoringCase($0, token) }
    }

    /// Whether the client takes a content coding: it names that, or anything, and not with a weight of nothing (RFC 9110,
    /// section 12.5.3).
    ///
    /// - Parameter coding: In lower case.
    package func takes(coding: String) -> Bool {
        var isTaken = false
        for token in tokens(of: "accept-encoding") {
            let parts = token.split(separator: UInt8(ascii: ";")).map { Self.trimmed($0) }
            guard let name = parts.first else { continue }
            let isNamed = ASCII.equalsIgnoringCase(name, coding)
            guard isNamed || name == [UInt8(ascii: "*")] else { continue }
            let isRefused = parts.dropFirst().contains { Self.isNoWeight($0) }
            // What is said of the coding itself counts, and not what is said of any.
            if isNamed { return !isRefused }
            isTaken = !isRefused
        }
        return isTaken
    }

    /// Whether a parameter is `q=0`, `q=0.0` and so on.
    private static func isNoWeight(_ parameter: [UInt8]) -> Bool {
        guard parameter.count >= 3, parameter[0] | 0x20 == UInt8(ascii: "q"), parameter[1] == UInt8(ascii: "=") else {
            return false
        }
        return parameter.dropFirst(2).allSatisfy { $0 == UInt8(ascii: "0") || $0 == UInt8(ascii: ".") }
    }

    /// Whether the client names a type among those that it takes, without `*` (RFC 9110, section 12.5.1).
    ///
    /// - Parameter type: In lower case.
    package func accepts(_ type: String) -> Bool {
        tokens(of: "accept").contains { token in
            let name = token.prefix { $0 != UInt8(ascii: ";") }
            return ASCII.equalsIgnoringCase(Self.trimmed(name), type)
        }
    }

    private static func trimmed(_ part: ArraySlice<UInt8>) -> [UInt8] {
        guard let first = part.firstIndex(where: { !ASCII.isBlank($0) }),
            let last = part.lastIndex(where: { !ASCII.isBlank($0) })
        else { return [] }
        return Array(part[first...last])
    }

    // The lines of a head, and what they say together (RFC 9112, sections 3, 5 and 6).

    /// Takes one more byte of the lines.
    mutating func append(_ byte: UInt8) { bytes.append(byte) }

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
