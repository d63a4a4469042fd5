package import WSQueueWire

/// What is answered however many clients there are, and makes no client of who asks: a full server is not a dead one, and a
/// page whose script does not load cannot say why (SPEC §4, A refusal is heard).
package enum OpenRoutes {
    private static let paths = Set(["/live", "/ready", "/metrics"] + StaticFile.paths)
    private static let starts = paths.flatMap { path in ["GET \(path)", "HEAD \(path)"].map { Array($0.utf8) } }

    /// Whether the first bytes of a connection are a whole request that may be one of these: no one keeps a place with a
    /// part of one.
    package static func mayBegin(_ bytes: [UInt8]) -> Bool {
        starts.contains { bytes.starts(with: $0) } && bytes.suffix(4).elementsEqual("\r\n\r\n".utf8)
    }

    /// Whether a request is one of these.
    package static func contain(_ head: RequestHead) -> Bool {
        paths.contains(Router.withoutSlash(head.target.path)) && !Handshake.isWanted(by: head)
    }
}
