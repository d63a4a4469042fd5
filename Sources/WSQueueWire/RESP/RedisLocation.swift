/// Where Redis is, and who we are there: `redis://[user:password@]host[:port][,host[:port]]…[/database]`,
/// `redis:///path/of/socket`, `unix:/path/of/socket`.
package struct RedisLocation: Equatable, Sendable, CustomStringConvertible {
    /// One server.
    package enum Host: Equatable, Sendable, CustomStringConvertible {
        /// A name or a numeric address, without brackets.
        case internet(host: String, port: UInt16)
        /// The path of a Unix socket.
        case unix(path: String)

        package var description: String {
            switch self {
            case .internet(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
            case .unix(let path): "unix:\(path)"
            }
        }
    }

    /// Why a text is no location.
    package enum Fault: Error, Equatable, CustomStringConvertible {
        case tls
        case malformed

        package var description: String {
            switch self {
            case .tls: "redis://… here; for TLS let a proxy on this machine (stunnel, haproxy) hold the connection"
            case .malformed: "a URL like redis://user:password@host:6379/0, redis:///run/redis.sock or unix:/path"
            }
        }
    }

    /// The servers in the order they are tried; one of them is the master.
    package let hosts: [Host]
    /// `nil` is the user `default`.
    package let user: String?
    package var password: String?
    package let database: Int

    /// What may be shown: no password.
    package var description: String { hosts.map(\.description).joined(separator: ",") }

    /// Reads a URL.
    package init(_ text: String) throws(Fault) {
        guard !text.hasPrefix("rediss:") else { throw .tls }
        if text.hasPrefix("unix:") {
            try self.init(socket: text.dropFirst(5), user: nil, password: nil)
            return
        }
        guard text.hasPrefix("redis://") else { throw .malformed }
        var rest = text.dropFirst(8)
        var name: String?
        var secret: String?
        if let at = rest.prefix(while: { $0 != "/" }).lastIndex(of: "@") {
            let words = rest[..<at].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
                .map(Self.decoded)
            guard !words.contains(nil) else { throw .malformed }
            name = words[0].flatMap { $0.isEmpty ? nil : $0 }
            secret = words.count > 1 ? words[1] : nil
            rest = rest[rest.index(after: at)...]
        }
        if rest.hasPrefix("/") {
            try self.init(socket: rest, user: name, password: secret)
        } else {
            try self.init(internet: rest, user: name, password: secret)
        }
    }

    private init(internet rest: Substring, user: String?, password: String?) throws(Fault) {
        let end = rest.firstIndex(of: "/") ?? rest.endIndex
        let path = rest[end...].dropFirst()
        guard let number = path.isEmpty ? 0 : UInt16(path) else { throw .malformed }
        var hosts: [Host] = []
        for text in rest[..<end].split(separator: ",", omittingEmptySubsequences: false) {
            guard let host = Self.host(text) else { throw .malformed }
            hosts.append(host)
        }
        self.hosts = hosts
        self.user = user
        self.password = password
        database = Int(number)
    }

    private init(socket path: Substring, user: String?, password: String?) throws(Fault) {
        // What comes after a question mark is for other programs: here it would silently mean nothing.
        guard path.hasPrefix("/"), path.utf8.count <= 107, !path.utf8.contains(where: { "?#".utf8.contains($0) }) else {
            throw .malformed
        }
        hosts = [.unix(path: String(path))]
        self.user = user
        self.password = password
        database = 0
    }

    private static func host(_ text: Substring) -> Host? {
        var name = text
        var port = "6379"[...]
        if text.hasPrefix("[") {
            guard let bracket = text.firstIndex(of: "]") else { return nil }
            name = text[text.index(after: text.startIndex)..<bracket]
            let rest = text[text.index(after: bracket)...]
            guard rest.isEmpty || rest.hasPrefix(":") else { return nil }
            if !rest.isEmpty { port = rest.dropFirst() }
        } else if let colon = text.firstIndex(of: ":") {
            name = text[..<colon]
            port = text[text.index(after: colon)...]
        }
        let isName = name.utf8.allSatisfy(text.hasPrefix("[") ? isAddressByte : isNameByte)
        guard !name.isEmpty, isName, let number = UInt16(port), number > 0 else { return nil }
        return .internet(host: String(name), port: number)
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"):
            true
        default: false
        }
    }

    /// Of an address in brackets, perhaps with the network card that it is behind: `fe80::1%eth0`.
    private static func isAddressByte(_ byte: UInt8) -> Bool {
        isNameByte(byte) || byte == UInt8(ascii: ":") || byte == ASCII.percent
    }

    /// What percent-encoded text says; `nil` where it is none.
    private static func decoded(_ text: Substring) -> String? {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == ASCII.percent else {
                bytes.append(byte)
                continue
            }
            guard let number = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16), rest.count >= 2 else {
                return nil
            }
            bytes.append(number)
            rest = rest.dropFirst(2)
        }
        return String(validating: bytes, as: UTF8.self)
    }
}
