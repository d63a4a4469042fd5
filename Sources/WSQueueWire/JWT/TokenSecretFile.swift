internal import WSQueueCore

/// Reads the file with the secrets that tokens are signed with: one a line, each as it is or, after `base64:`, in base 64.
/// While secrets are changed, both may be there.
package enum TokenSecretFile {
    /// Why a file holds no secrets; nothing of them is said.
    package struct Fault: Error, Equatable, Sendable {
        /// What is wrong and what is wanted.
        package let reason: String
    }

    /// Reads all lines; empty ones are passed over.
    ///
    /// - Throws: ``Fault`` when a line is no secret, or there is none.
    package static func decode(_ bytes: [UInt8]) throws(Fault) -> [TokenSecret] {
        if let reason = SecretFileForm.fault(bytes) { throw Fault(reason: reason) }
        var secrets: [TokenSecret] = []
        for (index, text) in SecretFileForm.lines(bytes).enumerated() where !text.isEmpty {
            guard let secret = TokenSecret(try value(of: text, line: index + 1)) else {
                let least = TokenSecret.leastBytes
                throw Fault(
                    reason: "line \(index + 1): a secret shorter than the \(least) bytes that HS256 wants; "
                        + "make one with: openssl rand -base64 48")
            }
            secrets.append(secret)
        }
        guard !secrets.isEmpty else { throw Fault(reason: "no secret in it; make one with: openssl rand -base64 48") }
        return secrets
    }

    /// What may be wrong with a file that can be used; `nil` where nothing looks like it.
    package static func doubt(_ bytes: [UInt8]) -> String? {
        SecretFileForm.unseen(SecretFileForm.lines(bytes)).map { line, what in
            "line \(line) has \(what), which counts as part of the secret; take it away, or write the secret as base64:…"
        }
    }

    private static func value(of text: ArraySlice<UInt8>, line: Int) throws(Fault) -> [UInt8] {
        let mark = Array("base64:".utf8)
        guard text.starts(with: mark) else { return Array(text) }
        guard let bytes = Base64.standard.decode(Array(text.dropFirst(mark.count)).span) else {
            throw Fault(reason: "line \(line): what stands behind base64: is not in base 64")
        }
        return bytes
    }
}
