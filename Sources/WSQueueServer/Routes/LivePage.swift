internal import WSQueueSystem
internal import WSQueueWire

/// The page that shows events as they arrive: one file in the binary, which may load nothing and reach only the server
/// it came from.
enum LivePage {
    /// The page, with a number used once that its own script and style are known by (Content Security Policy Level 3).
    static func response() -> Response {
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
            body: page(nonce: nonce))
    }

    private static let pieces: [[UInt8]] = split(PackageResources.live_html)

    private static func page(nonce: String) -> [UInt8] {
        Array(pieces.joined(separator: Array(" nonce=\"\(nonce)\"".utf8)))
    }

    /// Cuts the page behind `<script` and `<style`, where the nonce goes.
    private static func split(_ page: [UInt8]) -> [[UInt8]] {
        let marks = ["<script".utf8.map { $0 }, "<style".utf8.map { $0 }]
        var pieces: [[UInt8]] = []
        var start = 0
        for index in page.indices {
            guard let mark = marks.first(where: { page[index...].starts(with: $0) }) else { continue }
            pieces.append(Array(page[start..<(index + mark.count)]))
            start = index + mark.count
        }
        pieces.append(Array(page[start...]))
        return pieces
    }
}
