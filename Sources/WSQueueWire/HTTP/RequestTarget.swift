/// What a request is about: path and query, decoded (RFC 9112, section 3.2; RFC 3986).
package struct RequestTarget: Equatable, Sendable {
    /// One `name=value` of the query.
    package struct QueryItem: Hashable, Sendable {
        /// What stands before the first `=`.
        package let name: String
        /// What stands after it; empty without one.
        package let value: String
    }

    static let root = RequestTarget(path: "/", query: [], authority: nil)

    /// The path without its escapes; `*` for a request about the server itself.
    package let path: String
    /// The items of the query in their order, without their escapes, `+` being a space.
    package let query: [QueryItem]
    /// `host[:port]` of a target in absolute form; it counts more than the Host field.
    package let authority: [UInt8]?

    /// The value of the first query item of this name.
    package func value(of name: String) -> String? {
        query.first { $0.name.utf8.elementsEqual(name.utf8) }?.value
    }

    /// The values of all query items of this name, and of a list of it as forms write that: `name[]`, `name[0]`.
    package func values(of name: String) -> [String] {
        query.filter { Self.isList($0.name, of: name) }.map(\.value)
    }

    /// The first of some names that several query items have, though one value is all that can count.
    package func repeated(_ names: [String]) -> String? {
        names.first { name in query.count { $0.name.utf8.elementsEqual(name.utf8) } > 1 }
    }

    private static func isList(_ text: String, of name: String) -> Bool {
        guard text.utf8.starts(with: name.utf8) else { return false }
        let rest = text.utf8.dropFirst(name.utf8.count)
        guard let first = rest.first else { return true }
        return first == UInt8(ascii: "[") && rest.last == UInt8(ascii: "]")
            && rest.dropFirst().dropLast().allSatisfy(ASCII.isDigit)
    }

    private init(path: String, query: [QueryItem], authority: [UInt8]?) {
        self.path = path
        self.query = query
        self.authority = authority
    }

    /// Reads a target in origin form (`/path?query`), in absolute form (`http://host/path?query`) or `*`.
    ///
    /// - Parameters:
    ///   - bytes: The middle of the request line.
    ///   - method: Only OPTIONS may ask about `*`.
    /// - Throws: ``RequestError/malformedTarget``.
    package init(_ bytes: [UInt8], method: RequestMethod) throws(RequestError) {
        guard bytes.allSatisfy(Self.isTargetCharacter) else { throw .malformedTarget }
        if bytes.elementsEqual("*".utf8) {
            guard method == .options else { throw .malformedTarget }
            self.init(path: "*", query: [], authority: nil)
            return
        }
        let (authority, rest) = try Self.splitAuthority(bytes[...])
        let parts = rest.split(separator: ASCII.questionMark, maxSplits: 1, omittingEmptySubsequences: false)
        let path = try Self.decode(parts.first ?? [], plus: UInt8(ascii: "+"))
        let query = try parts.dropFirst().first.map { part throws(RequestError) in try Self.items(part) }
        self.init(path: path.isEmpty ? "/" : path, query: query ?? [], authority: authority)
    }

    /// Whether `bytes` may be a host with a port or without (RFC 3986, section 3.2.2); it may be empty.
    static func isHost(_ bytes: [UInt8]) -> Bool {
        guard bytes.first == UInt8(ascii: "[") else {
            let parts = bytes.split(separator: ASCII.colon, maxSplits: 1, omittingEmptySubsequences: false)
            return parts[0].allSatisfy(isNameCharacter) && parts.dropFirst().allSatisfy { $0.allSatisfy(ASCII.isDigit) }
        }
        guard let end = bytes.firstIndex(of: UInt8(ascii: "]")) else { return false }
        let address = bytes[1..<end]
        let port = bytes[(end + 1)...]
        return !address.isEmpty
            && address.allSatisfy { isNameCharacter($0) || $0 == ASCII.colon }
            && (port.isEmpty || port.first == ASCII.colon && port.dropFirst().allSatisfy(ASCII.isDigit))
    }

    // Returns `nil` and all of the bytes for the origin form.
    private static func splitAuthority(
        _ bytes: ArraySlice<UInt8>
    ) throws(RequestError) -> (authority: [UInt8]?, rest: ArraySlice<UInt8>) {
        if bytes.first == ASCII.slash { return (nil, bytes) }
        // A WebSocket client behind a proxy may name its own scheme (RFC 6455, section 3).
        for scheme in ["http://", "https://", "ws://", "wss://"] {
            guard ASCII.equalsIgnoringCase(bytes.prefix(scheme.utf8.count), scheme) else { continue }
            let rest = bytes.dropFirst(scheme.utf8.count)
            let end = rest.firstIndex { $0 == ASCII.slash || $0 == ASCII.questionMark } ?? rest.endIndex
            let authority = Array(rest[..<end])
            // A host with a user before it is more likely a disguise than a login (RFC 9110, section 4.2.4).
            guard !authority.isEmpty, isHost(authority) else { throw .malformedTarget }
            return (authority, rest[end...])
        }
        throw .malformedTarget
    }

    private static func items(_ query: ArraySlice<UInt8>) throws(RequestError) -> [QueryItem] {
        var items: [QueryItem] = []
        for part in query.split(separator: UInt8(ascii: "&")) {
            let sides = part.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            let name = try decode(sides[0], plus: ASCII.space)
            items.append(QueryItem(name: name, value: try decode(sides.dropFirst().first ?? [], plus: ASCII.space)))
        }
        return items
    }

    // What `+` stands for is the only difference between a path and a query.
    private static func decode(_ part: ArraySlice<UInt8>, plus: UInt8) throws(RequestError) -> String {
        var decoded: [UInt8] = []
        decoded.reserveCapacity(part.count)
        var index = part.startIndex
        while index < part.endIndex {
            var byte = part[index] == UInt8(ascii: "+") ? plus : part[index]
            if byte == ASCII.percent {
                guard index + 2 < part.endIndex, let high = ASCII.hexadecimalValue(part[index + 1]),
                    let low = ASCII.hexadecimalValue(part[index + 2])
                else { throw .malformedTarget }
                byte = high << 4 | low
                index += 2
            }
            // No name holds a NUL, and what is after it would be cut off by the first C function.
            guard byte != 0 else { throw .malformedTarget }
            decoded.append(byte)
            index += 1
        }
        guard let text = String(validating: decoded, as: UTF8.self) else { throw .malformedTarget }
        return text
    }

    // Browsers leave more than RFC 3986 allows without an escape (`|`, `"`, `{`); only a fragment is never sent.
    private static func isTargetCharacter(_ byte: UInt8) -> Bool {
        byte > 0x20 && byte < 0x7F && byte != UInt8(ascii: "#")
    }

    private static func isNameCharacter(_ byte: UInt8) -> Bool {
        if ASCII.isLetter(byte) || ASCII.isDigit(byte) { return true }
        switch byte {
        case UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"), UInt8(ascii: "%"),
            UInt8(ascii: "!"), UInt8(ascii: "$"), UInt8(ascii: "&"), UInt8(ascii: "'"), UInt8(ascii: "("),
            UInt8(ascii: ")"), UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: ","), UInt8(ascii: ";"),
            UInt8(ascii: "="):
            return true
        default:
            return false
        }
    }
}
