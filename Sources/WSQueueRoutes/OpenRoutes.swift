package import WSQueueWire

/// What is answered however many clients there are.
package enum OpenRoutes {
    private static let starts = HTTPRoute.allCases.filter(\.isAlwaysOpen).flatMap { route in
        route.methods.map { Array("\($0.name) \(route.rawValue)".utf8) }
    }

    /// Whether the first bytes of a connection are a whole request that may be one of these: no one keeps a place with a
    /// part of one.
    package static func mayBegin(_ bytes: [UInt8]) -> Bool {
        starts.contains { bytes.starts(with: $0) } && bytes.suffix(4).elementsEqual("\r\n\r\n".utf8)
    }

    /// Whether a request is one of these.
    package static func contain(_ head: RequestHead) -> Bool {
        !Handshake.isWanted(by: head) && HTTPRoute(path: head.target.path)?.isAlwaysOpen ?? false
    }
}
