internal import CWSQueueLinux
internal import Glibc

/// A numeric address of an interface, without a port. An IPv4 address within IPv6 (RFC 4291, section 2.5.5.2) is the IPv4
/// address: both are the same machine.
package struct IPAddress: Equatable, Sendable, CustomStringConvertible {
    /// In network order: 4 bytes, or 16.
    package let bytes: [UInt8]

    /// Reads `192.0.2.1` or `2001:db8::1` (inet_pton(3)); `nil` for anything else, brackets and zones too.
    package init?(_ text: some StringProtocol) {
        let text = String(text)
        // What is behind a zero byte would not be seen.
        guard !text.utf8.contains(0) else { return nil }
        guard text.contains(":") else {
            var address = in_addr()
            guard unsafe inet_pton(AF_INET, text, &address) == 1 else { return nil }
            bytes = unsafe withUnsafeBytes(of: address) { unsafe Array($0) }
            return
        }
        var address = in6_addr()
        guard unsafe inet_pton(AF_INET6, text, &address) == 1 else { return nil }
        let all = unsafe withUnsafeBytes(of: address) { unsafe Array($0) }
        bytes = all.starts(with: Self.mapped) ? Array(all[12...]) : all
    }

    /// The canonical text (RFC 5952).
    package var description: String {
        var text = [CChar](repeating: 0, count: 64)
        let family = bytes.count == 4 ? AF_INET : AF_INET6
        _ = unsafe bytes.withUnsafeBytes { unsafe inet_ntop(family, $0.baseAddress, &text, socklen_t(text.count)) }
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    private static let mapped = [UInt8](repeating: 0, count: 10) + [0xFF, 0xFF]
}

/// Addresses that the operator names together.
package enum AddressRange: Equatable, Sendable {
    /// The peers of a Unix socket, which have no addresses.
    case unix
    /// All that have their first `bits` bits in common with an address.
    case network(IPAddress, bits: Int)

    /// Reads `192.0.2.1`, `10.0.0.0/8`, `2001:db8::/32`, `unix` or `unix:`.
    ///
    /// - Returns: `nil` when the text is none of these, or has more bits than the address.
    package static func parse(_ text: String) -> AddressRange? {
        if text == "unix" || text == "unix:" { return .unix }
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let address = IPAddress(parts[0]) else { return nil }
        guard parts.count == 2 else { return .network(address, bits: 8 * address.bytes.count) }
        guard parts[1].utf8.allSatisfy({ (48...57).contains($0) }), let bits = Int(parts[1]),
            bits <= 8 * address.bytes.count
        else { return nil }
        return .network(address, bits: bits)
    }

    /// Whether an address is one of them.
    package func contains(_ address: IPAddress) -> Bool {
        guard case .network(let base, let bits) = self, base.bytes.count == address.bytes.count else { return false }
        let whole = bits / 8
        guard base.bytes.prefix(whole) == address.bytes.prefix(whole) else { return false }
        let rest = bits % 8
        return rest == 0 || (base.bytes[whole] ^ address.bytes[whole]) >> (8 - rest) == 0
    }

    /// Whether the program at the other end of a connection is one of them.
    package func contains(_ peer: Address) -> Bool {
        switch peer {
        case .unix: self == .unix
        case .internet(let host, _): IPAddress(host).map { contains($0) } ?? false
        }
    }
}
