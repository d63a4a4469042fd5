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
    package internal(set) var method = RequestMethod.get
    /// With what.
    package internal(set) var target = RequestTarget.root
    /// The target as it was sent, for the log; it may hold a token.
    package internal(set) var rawTarget: [UInt8] = []
    /// The version of the request line.
    package internal(set) var version = HTTPVersion.oneOne
    /// How the body that follows ends.
    package internal(set) var body = RequestBody.none
    /// Whether `Connection: upgrade` is written as nginx is told to write it in every example, and as no browser does.
    var hasProxysConnection = false
    var bytes: [UInt8] = []
    var fields: [Field] = []

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
}
