internal import CWSQueueLinux
internal import WSQueueLibc

/// Text that cannot be guessed (getrandom(2)).
package enum RandomText {
    /// Makes `count` characters of `a–z` and `0–9`, about 5 random bits each.
    package static func make(count: Int) -> String {
        let alphabet = Array("abcdefghijklmnopqrstuvwxyz012345".utf8)
        var bytes = [UInt8](repeating: 0, count: count)
        var filled = 0
        while filled < count {
            let result = unsafe bytes.withUnsafeMutableBytes { buffer in
                unsafe getrandom(buffer.baseAddress.map { unsafe $0 + filled }, count - filled, 0)
            }
            // Interrupted by a signal; nothing else can happen to a request this small.
            filled += max(0, result)
        }
        return String(decoding: bytes.map { alphabet[Int($0 & 31)] }, as: UTF8.self)
    }
}
