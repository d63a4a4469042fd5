internal import WSQueueNet

/// A host's name as an operator writes it.
enum HostNameText {
    /// The name as requests are compared with it; `nil` for what no `Host` can be.
    static func checked(_ text: String) -> String? {
        var name = text.lowercased()
        if name.hasSuffix(".") { name.removeLast() }
        let inner = name.hasPrefix("[") && name.hasSuffix("]") ? String(name.dropFirst().dropLast()) : name
        if let address = IPAddress(inner) {
            return address.bytes.count == 4 ? address.description : "[\(address)]"
        }
        let isName = name.utf8.allSatisfy { byte in
            (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte) || "-._".utf8.contains(byte)
        }
        return isName && !name.isEmpty && !name.hasPrefix(".") && !name.contains("..") ? name : nil
    }
}
