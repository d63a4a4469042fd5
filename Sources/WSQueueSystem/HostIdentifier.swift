/// Which machine this is (machine-id(5)).
package enum HostIdentifier {
    /// The same text on each start of the machine; empty where nothing tells.
    package static func text() -> String {
        guard let file = try? InputFile.open("/etc/machine-id"), let bytes = try? file.readAll(limitBytes: 64) else {
            return ""
        }
        return String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
    }
}
