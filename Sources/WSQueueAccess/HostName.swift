internal import WSQueueNet

/// The name in `name[:port]`, as requests and origins name a host: in lower case, without the dot that ends a whole name.
struct HostName: Equatable {
    let text: String

    /// Reads a host with or without a port; `nil` for what is neither.
    init?(_ authority: some StringProtocol) {
        let authority = authority.lowercased()
        let name: Substring
        let rest: Substring
        if authority.hasPrefix("[") {
            guard let end = authority.firstIndex(of: "]"), let address = IPAddress(authority[..<end].dropFirst())
            else { return nil }
            rest = authority[end...].dropFirst()
            text = address.bytes.count == 4 ? address.description : "[\(address)]"
            name = authority[..<end]
        } else {
            name = authority.prefix { $0 != ":" }
            rest = authority[name.endIndex...]
            text = String(name.hasSuffix(".") ? name.dropLast() : name)
        }
        guard !name.isEmpty, !text.isEmpty,
            rest.isEmpty || rest.hasPrefix(":") && rest.utf8.dropFirst().allSatisfy({ (0x30...0x39).contains($0) })
        else { return nil }
    }

    /// Reads the host that a request names.
    init?(_ bytes: [UInt8]) { self.init(String(decoding: bytes, as: UTF8.self)) }

    /// Whether it is this machine's for everyone: no name server has a say in it.
    var isLoopback: Bool {
        if text == "localhost" || text == "[::1]" || text.hasSuffix(".localhost") { return true }
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127"
            && parts.allSatisfy { $0.utf8.allSatisfy { (0x30...0x39).contains($0) } && UInt8($0) != nil }
    }
}
