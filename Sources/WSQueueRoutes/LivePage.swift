internal import WSQueueOperation
internal import WSQueueSystem
internal import WSQueueWire

/// The page that shows events as they arrive: one file in the binary, which may load nothing and reach only the server
/// it came from.
enum LivePage {
    /// The page, with a number used once that its own script and style are known by (Content Security Policy Level 3).
    ///
    /// - Parameter path: Where WebSockets are accepted.
    static func response(path: String) -> Response {
        let nonce = RandomText.make(count: 22)
        let policy =
            "default-src 'none'; script-src 'nonce-\(nonce)'; style-src 'nonce-\(nonce)'; connect-src 'self'; "
            + "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        return Response(
            .ok,
            fields: [
                .init("Content-Type", "text/html; charset=utf-8"), .init("Content-Security-Policy", policy),
                .init("Cache-Control", "no-store"), .init("Referrer-Policy", "no-referrer"),
            ],
            body: page(nonce: nonce, path: path))
    }

    /// What is put in after a mark in the page.
    private enum Insert {
        case nonce, path, client
    }

    private static let marks: [(text: [UInt8], insert: Insert)] = [
        (Array("<script".utf8), .nonce), (Array("<style".utf8), .nonce), (Array("data-path=\"".utf8), .path),
        (Array("/* wsqueue.js */".utf8), .client),
    ]
    private static let pieces = split(PackageResources.live_html)

    private static func page(nonce: String, path: String) -> [UInt8] {
        var page: [UInt8] = []
        for (text, insert) in pieces {
            page += text
            switch insert {
            case .nonce?: page += Array(" nonce=\"\(nonce)\"".utf8)
            case .path?: page += escaped(path)
            // The client is in the page, so that it is one file.
            case .client?: page += PackageResources.wsqueue_min_js
            case nil: break
            }
        }
        return page
    }

    private static func escaped(_ text: String) -> [UInt8] {
        text.utf8.flatMap { byte in
            switch byte {
            case UInt8(ascii: "&"), UInt8(ascii: "\""), UInt8(ascii: "<"): Array("&#\(byte);".utf8)
            default: [byte]
            }
        }
    }

    /// Cuts the page after each mark.
    private static func split(_ page: [UInt8]) -> [(text: ArraySlice<UInt8>, insert: Insert?)] {
        var pieces: [(ArraySlice<UInt8>, Insert?)] = []
        var start = 0
        for index in page.indices {
            guard let mark = marks.first(where: { page[index...].starts(with: $0.text) }) else { continue }
            pieces.append((page[start..<(index + mark.text.count)], mark.insert))
            start = index + mark.text.count
        }
        pieces.append((page[start...], nil))
        return pieces
    }
}
