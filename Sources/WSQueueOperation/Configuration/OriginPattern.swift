internal import WSQueueNet

/// Pages that may connect besides the server's own, as the operator names them: one origin, all names below a host, or all.
///
/// Only what browsers send can match (RFC 6454, section 6.2; WHATWG URL): anything else would be taken and never effective.
package enum OriginPattern: Equatable, Sendable {
    /// Every page.
    case any
    /// One origin, written as browsers write it.
    case one(String)
    /// Every host whose name ends in a dot and `suffix`: `scheme` is `http` or `https`, `port` empty or `:8443`.
    case below(scheme: String, suffix: String, port: String)

    /// Why a text is no such pattern.
    package struct Fault: Error, Equatable {
        /// What to write in its place.
        package let advice: String
    }

    /// Reads `*`, `null`, `https://example.org[:port]`, `https://*.example.org[:port]`, or an app's `scheme://name`.
    ///
    /// - Throws: ``Fault`` for what no browser sends.
    package init(_ text: String) throws(Fault) {
        if text == "*" {
            self = .any
            return
        }
        let lower = text.lowercased()
        if lower == "null" {
            self = .one("null")
            return
        }
        try Self.checkIsSingle(text)
        guard let colon = lower.firstIndex(of: ":"), lower[colon...].hasPrefix("://") else {
            throw Self.schemeless(lower)
        }
        let scheme = String(lower[..<colon])
        var rest = lower[colon...].dropFirst(3)
        // What the address bar shows has one.
        if rest.hasSuffix("/") { rest = rest.dropLast() }
        try Self.checkScheme(scheme, rest)
        if let end = rest.firstIndex(where: { "/?#".contains($0) }) {
            throw Fault(advice: "an origin ends before the path: write \(scheme)://\(rest[..<end])")
        }
        if let at = rest.lastIndex(of: "@") {
            throw Fault(advice: "an origin has no user: write \(scheme)://\(rest[rest.index(after: at)...])")
        }
        let isWeb = ["http", "https"].contains(scheme)
        guard isWeb else {
            guard rest.utf8.allSatisfy({ Self.isNameByte($0) || $0 == UInt8(ascii: ":") }) else {
                throw Fault(advice: "write an app's origin as its log line names it, such as capacitor://localhost")
            }
            self = .one("\(scheme)://\(rest)")
            return
        }
        let (host, port) = try Self.split(rest, scheme: scheme)
        guard host.hasPrefix("*") else {
            try Self.checkHost(host, scheme: scheme, port: port)
            self = .one("\(scheme)://\(host)\(port)")
            return
        }
        let suffix = host.dropFirst(2)
        guard host.hasPrefix("*."), !suffix.isEmpty else {
            throw Fault(advice: "write * for every page, or \(scheme)://*.example.org for all names below one")
        }
        try Self.checkHost(String(suffix), scheme: scheme, port: port)
        guard !suffix.hasPrefix("["), IPAddress(suffix) == nil else {
            throw Fault(advice: "an address has no names below it")
        }
        self = .below(scheme: scheme, suffix: String(suffix), port: port)
    }

    /// Whether a page of this origin is meant.
    ///
    /// - Parameter origin: What a request says, in lower case.
    package func matches(_ origin: String) -> Bool {
        switch self {
        case .any: return true
        case .one(let wanted): return wanted == Self.withoutDefaultPort(origin)
        case .below(let scheme, let suffix, let port):
            let origin = Self.withoutDefaultPort(origin)
            let (start, end) = ("\(scheme)://", ".\(suffix)\(port)")
            guard origin.hasPrefix(start), origin.hasSuffix(end) else { return false }
            let names = origin.utf8.dropFirst(start.utf8.count).dropLast(end.utf8.count)
            return origin.utf8.count > start.utf8.count + end.utf8.count && names.allSatisfy(Self.isNameByte)
        }
    }

    /// Whether a page of this name may be meant, whatever its scheme and port.
    ///
    /// - Parameter host: In lower case, without a port.
    package func names(_ host: String) -> Bool {
        switch self {
        case .any: return true
        case .below(_, let suffix, _):
            return host.hasSuffix(".\(suffix)") && host.utf8.count > suffix.utf8.count + 1
        case .one(let origin):
            guard let colon = origin.firstIndex(of: ":") else { return false }
            let authority = origin[colon...].dropFirst(3)
            return authority == host || authority.hasPrefix("\(host):")
        }
    }

    /// Browsers leave the scheme's own port out; other clients may write it.
    private static func withoutDefaultPort(_ origin: String) -> String {
        for (scheme, port) in defaultPorts where origin.hasPrefix("\(scheme)://") && origin.hasSuffix(port) {
            return String(origin.dropLast(port.utf8.count))
        }
        return origin
    }

    private static let defaultPorts = [("http", ":80"), ("https", ":443")]

    private static func isNameByte(_ byte: UInt8) -> Bool {
        isLetter(byte) || isDigit(byte) || "-._".utf8.contains(byte)
    }

    private static func isLetter(_ byte: UInt8) -> Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) }
    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

    private static func checkIsSingle(_ text: String) throws(Fault) {
        guard !text.isEmpty else { throw Fault(advice: "write https://example.org") }
        guard text.utf8.allSatisfy({ $0 < 0x80 }) else {
            throw Fault(advice: "write the name as browsers send it, with xn-- for letters that are not ASCII")
        }
        let parts = text.split { $0 == "," || $0 == ";" || $0 == " " || $0 == "\t" }.map(String.init)
        guard parts.count == 1, parts[0] == text else {
            let each = parts.map { "--origin \($0)" }.joined(separator: " ")
            throw Fault(advice: "each origin is given by itself: \(each), or a line each in a file")
        }
    }

    /// Of pages without a host of their own: blob: and data: have what their maker has, or null.
    private static let hostless = ["about", "blob", "data", "filesystem", "javascript", "view-source"]
    private static let ownerless = Fault(advice: "such pages have no origin of their own: write null")

    private static func schemeless(_ text: String) -> Fault {
        let scheme = text.prefix { $0 != ":" }
        if hostless.contains(String(scheme)), scheme.utf8.count < text.utf8.count { return ownerless }
        let name = text.drop { $0 == "/" || $0 == "'" || $0 == "\"" }.prefix { !"/?#'\"".contains($0) }
        return Fault(advice: "an origin begins with its scheme: write https://\(name.isEmpty ? "example.org" : name)")
    }

    private static func checkScheme(_ scheme: String, _ rest: Substring) throws(Fault) {
        switch scheme {
        case "ws", "wss":
            throw Fault(advice: "that is the server; the page is \(scheme == "ws" ? "http" : "https")://\(rest)")
        case "ftp", "ftps", "mailto", "redis", "rediss", "sftp", "ssh", "tcp", "tel", "unix", "urn":
            throw Fault(advice: "no page has that scheme: write https://\(rest)")
        case _ where scheme.hasSuffix("+unix"):
            throw Fault(advice: "that is a server behind a socket: write the page's, such as https://example.org")
        case _ where hostless.contains(scheme): throw ownerless
        default: break
        }
        // RFC 3986, section 3.1.
        guard scheme.utf8.first.map(isLetter) == true,
            scheme.utf8.allSatisfy({ isLetter($0) || isDigit($0) || "+-.".utf8.contains($0) })
        else {
            throw Fault(advice: "write http://\(rest) or https://\(rest), or both by themselves")
        }
    }

    /// The host, and the port as browsers write it: empty for the scheme's own.
    private static func split(_ rest: Substring, scheme: String) throws(Fault) -> (host: String, port: String) {
        let bracket = rest.lastIndex(of: "]") ?? rest.startIndex
        guard let colon = rest[bracket...].lastIndex(of: ":") else { return (String(rest), "") }
        let (host, digits) = (rest[..<colon], rest[rest.index(after: colon)...])
        if digits.isEmpty { return (String(host), "") }
        guard digits.utf8.allSatisfy(isDigit), let number = UInt16(digits), number > 0 else {
            throw Fault(advice: "write one origin for each port, such as \(scheme)://\(host):5173")
        }
        let port = ":\(number)"
        return (String(host), defaultPorts.contains { $0 == (scheme, port) } ? "" : port)
    }

    /// Checks that a host is written as browsers write it.
    private static func checkHost(_ host: String, scheme: String, port: String) throws(Fault) {
        if host.hasPrefix("[") {
            guard host.hasSuffix("]"), let address = IPAddress(host.dropFirst().dropLast()) else {
                throw Fault(advice: "write an address as browsers do: \(scheme)://[::1]\(port)")
            }
            let shown = "[\(address)]"
            guard address.bytes.count == 16, shown == host else {
                throw Fault(advice: "write \(scheme)://\(address.bytes.count == 16 ? shown : "\(address)")\(port)")
            }
            return
        }
        guard !host.isEmpty, host.utf8.allSatisfy(isNameByte), !host.contains(".."), !host.hasPrefix(".") else {
            throw Fault(advice: "write \(scheme)://example.org\(port)")
        }
        // Browsers take a last part of digits for an address, and write that with four numbers.
        let last = host.split(separator: ".").last ?? ""
        guard last.utf8.allSatisfy(isDigit) || last.hasPrefix("0x") else { return }
        guard let address = IPAddress(host), address.description == host else {
            throw Fault(advice: "write an address as browsers do, with four numbers: \(scheme)://192.0.2.1\(port)")
        }
    }
}
