/// Where an HTTP server is asked: `http://host[:port]/path[?query]`.
package struct HTTPLocation: Equatable, Sendable {
    /// `host[:port]` as the Host field has it.
    package let authority: String
    /// The host alone, without the brackets of an IPv6 address.
    package let host: String
    /// 80 where none is named.
    package let port: UInt16
    /// The path and, after `?`, a query.
    package let target: String

    /// Reads a URL; `nil` where it is another scheme, has a user or a fragment, or is no URL at all.
    package init?(_ text: String) {
        let scheme = "http://"
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "#") }),
            ASCII.equalsIgnoringCase(text.utf8.prefix(scheme.utf8.count), scheme)
        else { return nil }
        let rest = text.dropFirst(scheme.count)
        let end = rest.firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex
        let authority = String(rest[..<end])
        guard !authority.isEmpty, RequestTarget.isHost(Array(authority.utf8)) else { return nil }
        let (host, port) = Self.split(authority)
        guard !host.isEmpty, let number = port.isEmpty ? 80 : UInt16(port), number > 0 else { return nil }
        self.authority = authority
        self.host = host
        self.port = number
        let path = String(rest[end...])
        target = path.hasPrefix("/") ? path : "/\(path)"
    }

    /// The names in its query.
    var queryNames: [String] {
        (try? RequestTarget(Array(target.utf8), method: .get))?.query.map(\.name) ?? []
    }

    private static func split(_ authority: String) -> (host: String, port: String) {
        if authority.hasPrefix("["), let bracket = authority.firstIndex(of: "]") {
            let host = authority[authority.index(after: authority.startIndex)..<bracket]
            return (String(host), String(authority[authority.index(after: bracket)...].dropFirst()))
        }
        let parts = authority.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        return (String(parts[0]), parts.count > 1 ? String(parts[1]) : "")
    }
}
