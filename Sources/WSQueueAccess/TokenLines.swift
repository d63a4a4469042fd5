internal import WSQueueCore
internal import WSQueueOperation
internal import WSQueueWire

/// The tokens of a file, one a line, of which only digests are kept.
struct TokenLines: Sendable {
    private let tokens: [(digest: [UInt8], line: Int)]

    /// None.
    init() { tokens = [] }

    /// Reads a file.
    ///
    /// - Parameter option: What names the file.
    init(_ path: String, option: String) throws(AccessFileError) {
        let bytes = try AccessFileError.read(path, option: option)
        let lines = SecretFileForm.lines(bytes).filter { !$0.isEmpty }
        // A header field has no blanks at its edges, and no bytes but these: another token would never be one.
        let isSendable = lines.allSatisfy { $0.allSatisfy { (0x20..<0x7F).contains($0) } }
        let blank = SecretFileForm.blankEdged(SecretFileForm.lines(bytes))
        if let fault = SecretFileForm.fault(bytes) ?? blank.map({ "line \($0) has a space or tab at its edge" })
            ?? (isSendable ? nil : "a token has a byte that no header can carry")
        {
            throw AccessFileError(path: path, option: option, reason: fault)
        }
        guard !lines.isEmpty, lines.allSatisfy({ $0.count >= Self.leastBytes }) else {
            throw AccessFileError(
                path: path, option: option,
                reason: "a token is a line of \(Self.leastBytes) bytes or more; make one with: openssl rand -hex 24")
        }
        tokens = SecretFileForm.lines(bytes).enumerated().filter { !$0.element.isEmpty }.map {
            (SHA2.sha256.digest($0.element.span), $0.offset + 1)
        }
    }

    /// How many there are.
    var count: Int { tokens.count }

    /// Whether a digest is one of theirs.
    func contains(digest: [UInt8]) -> Bool { tokens.contains { $0.digest == digest } }

    /// In which line a token stands, counted from 1, the first where it stands twice; `nil` where it is none of them. How
    /// long the answer takes tells nothing of them.
    func line(of token: Span<UInt8>) -> Int? {
        let digest = SHA2.sha256.digest(token)
        var line: Int?
        for known in tokens.reversed() where HMAC.isEqual(known.digest.span, digest.span) { line = known.line }
        return line
    }

    /// Too many to be guessed.
    private static let leastBytes = 16
}
