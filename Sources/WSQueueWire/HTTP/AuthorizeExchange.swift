internal import WSQueueCore

/// What an application is asked about a channel, and how its answer is read (SPEC §4, rules that say `ask`).
package struct AuthorizeRequest: Hashable, Sendable {
    /// What of a client's request the application may know the client by.
    package struct Credentials: Hashable, Sendable {
        /// The query without what is ours.
        private let query: [RequestTarget.QueryItem]
        package private(set) var cookie: [UInt8]?
        /// `Authorization` as it is sent.
        package var authorization: [UInt8]?

        /// Takes what a request says.
        package init(_ head: RequestHead) {
            let ours = QueryNames(["channel_name", "action", "token"])
            query = head.target.query.filter { !ours.contain($0.name) }
            // The one list that a semicolon divides (RFC 6265, section 5.4; RFC 9113, section 8.2.3).
            let cookies = head.values(of: "cookie")
            cookie = cookies.isEmpty ? nil : Array(cookies.joined(separator: Array("; ".utf8)))
            authorization = head.value(of: "authorization")
        }

        /// Leaves out what a browser sends by itself, whichever page asks: cookies, and a password that it has kept. A
        /// token is the page's own.
        package mutating func dropAmbient() {
            cookie = nil
            let scheme = "bearer "
            if let value = authorization, !ASCII.equalsIgnoringCase(value.prefix(scheme.utf8.count), scheme) {
                authorization = nil
            }
        }

        /// The client's query without what a location says itself.
        fileprivate func query(at location: HTTPLocation) -> String {
            let theirs = QueryNames(location.queryNames)
            return query.filter { !theirs.contain($0.name) }
                .map { "&\(Self.escaped($0.name))=\(Self.escaped($0.value))" }.joined()
        }

        fileprivate static func escaped(_ text: String) -> String {
            var result = ""
            for byte in text.utf8 {
                if ASCII.isLetter(byte) || ASCII.isDigit(byte) || "-._~".utf8.contains(byte) {
                    result.unicodeScalars.append(Unicode.Scalar(byte))
                } else {
                    let digits = String(byte, radix: 16, uppercase: true)
                    result += "%" + (digits.utf8.count < 2 ? "0" : "") + digits
                }
            }
            return result
        }
    }

    /// What is wanted: `subscribe` or `publish`.
    package let action: String
    package let channel: String
    package let credentials: Credentials?

    /// Makes a request.
    package init(action: String, channel: String, credentials: Credentials?) {
        self.action = action
        self.channel = channel
        self.credentials = credentials
    }

    /// The bytes to send: `GET …?channel_name=…&action=…` and the client's own query.
    package func encode(to location: HTTPLocation) -> [UInt8] {
        let separator = location.target.contains("?") ? "&" : "?"
        var target = location.target + separator
        target += "channel_name=\(Credentials.escaped(channel))&action=\(action)"
        target += credentials?.query(at: location) ?? ""
        var output: [UInt8] = []
        output.append("GET \(target) HTTP/1.1\r\nHost: \(location.authority)\r\n")
        output.append("User-Agent: wsqueue\r\nAccept: */*\r\nConnection: close\r\n")
        for (name, value) in [("Authorization", credentials?.authorization), ("Cookie", credentials?.cookie)] {
            guard let value else { continue }
            output.append("\(name): ")
            for byte in value { output.append(ASCII.isFieldCharacter(byte) ? byte : ASCII.space) }
            output.append("\r\n")
        }
        output.append("\r\n")
        return output
    }
}

/// The application's answer: its status, and for how long it may be kept.
package struct AuthorizeAnswer: Equatable, Sendable {
    /// Whether it is 2xx.
    package let isAllowed: Bool
    /// `max-age` of `Cache-Control`; 0 where it may not be kept.
    package let maximumAgeSeconds: Int

    /// Makes an answer.
    package init(isAllowed: Bool, maximumAgeSeconds: Int) {
        self.isAllowed = isAllowed
        self.maximumAgeSeconds = maximumAgeSeconds
    }

    /// There was no answer.
    package static let none = AuthorizeAnswer(isAllowed: false, maximumAgeSeconds: 0)
}

/// Reads the head of an HTTP/1 answer from pieces of any length.
package struct AuthorizeAnswerReader: Sendable {
    private var bytes: [UInt8] = []
    private static let limitBytes = 16_384
    private static let longestSeconds = 86_400

    /// Stands before an answer.
    package init() {}

    /// Takes what has arrived.
    ///
    /// - Returns: The answer, once its head is here; ``AuthorizeAnswer/none`` for what is none.
    package mutating func receive(_ input: Span<UInt8>) -> AuthorizeAnswer? {
        bytes.append(input, input.indices)
        while let end = headEnd {
            let lines = bytes[..<end].split(separator: ASCII.lineFeed).map { line in
                String(decoding: line.last == ASCII.carriageReturn ? line.dropLast() : line, as: UTF8.self)
            }
            guard let status = lines.first.flatMap(Self.status) else { return AuthorizeAnswer.none }
            // What comes before the answer proper (RFC 9110, section 15.2).
            guard status >= 200 else {
                bytes.removeFirst(end)
                continue
            }
            return AuthorizeAnswer(
                isAllowed: (200..<300).contains(status), maximumAgeSeconds: Self.maximumAge(lines.dropFirst()))
        }
        return bytes.count > Self.limitBytes ? AuthorizeAnswer.none : nil
    }

    /// Where the empty line ends.
    private var headEnd: Int? {
        let mark = Array("\r\n\r\n".utf8)
        guard bytes.count >= mark.count else { return nil }
        return (mark.count...bytes.count).first { bytes[($0 - mark.count)..<$0].elementsEqual(mark) }
    }

    private static func status(_ line: String) -> Int? {
        let parts = line.split(separator: " ", maxSplits: 2)
        guard parts.count >= 2, parts[0].hasPrefix("HTTP/1."), parts[1].utf8.count == 3 else { return nil }
        return Int(parts[1])
    }

    private static func maximumAge(_ lines: some Sequence<String>) -> Int {
        var age = 0
        for line in lines {
            let parts = line.split(separator: ":", maxSplits: 1)
            guard parts.count == 2, parts[0].lowercased() == "cache-control" else { continue }
            for directive in parts[1].lowercased().split(separator: ",") {
                let text = directive.filter { $0 != " " && $0 != "\t" }
                if text == "no-store" || text.hasPrefix("no-cache") { return 0 }
                if text.hasPrefix("max-age="), let seconds = Int(text.dropFirst(8)) {
                    age = max(0, min(seconds, longestSeconds))
                }
            }
        }
        return age
    }
}
