/// Which run of the machine this is (proc(5), `boot_id`).
package enum BootIdentifier {
    /// The same text until the machine is started anew; empty where the kernel does not tell.
    package static func text() -> String {
        guard let file = try? InputFile.open("/proc/sys/kernel/random/boot_id"),
            let bytes = try? file.readAll(limitBytes: 64)
        else { return "" }
        return String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
    }
}
