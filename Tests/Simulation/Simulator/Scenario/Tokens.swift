import WSQueueCore

/// Tokens of users, as an application signs them (RFC 7519).
enum Tokens {
    /// The file that the server has.
    static let secret = "a secret of sixty-four bytes, which is enough for all algorithms\n"

    /// A token that says who bears it, and perhaps when it ends (Unix seconds).
    static func make(user: String, until end: Int64? = nil) -> String {
        let claims = #"{"sub":"\#(user)"\#(end.map { ",\"exp\":\($0)" } ?? "")}"#
        let signed = [#"{"alg":"HS256","typ":"JWT"}"#, claims].map { base64($0.utf8) }.joined(separator: ".")
        // A line's end is none of the secret.
        let key = Array(secret.utf8.dropLast())
        let code = HMAC(.sha256, key: key.span).code(of: Array(signed.utf8).span)
        return "\(signed).\(base64(code))"
    }

    /// RFC 4648 §5, without padding.
    private static func base64(_ bytes: some Sequence<UInt8>) -> String {
        let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
        var (text, bits, count) = ("", 0, 0)
        for byte in bytes {
            (bits, count) = (bits << 8 | Int(byte), count + 8)
            while count >= 6 {
                count -= 6
                text.append(digits[bits >> count & 63])
            }
            bits &= (1 << count) - 1
        }
        if count > 0 { text.append(digits[bits << (6 - count) & 63]) }
        return text
    }
}
