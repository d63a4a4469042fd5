import Testing
import WSQueueWire

@Suite struct LlhttpTests {
    static let cases = Result { try LlhttpCase.load() }

    /// Where llhttp reads on and we refuse, or the other way round (`nil`).
    static let differences: [String: RequestError?] = [
        // Methods are any token to us; the router answers 405.
        "invalid.md: HTTP protocol and ANNOUNCE method": nil,
        "invalid.md: Invalid method": nil,
        // llhttp speaks RTSP and ICE as well, and HTTP/0.9.
        "method.md: ANNOUNCE request with RTSP": .malformedRequestLine,
        "method.md: OPTIONS request with RTSP": .malformedRequestLine,
        "method.md: SOURCE request with ICE": .malformedRequestLine,
        "sample.md: No HTTP version": .malformedRequestLine,
        // We are no proxy, and `*` is for OPTIONS alone.
        "method.md: CONNECT request": .proxyMethod,
        "method.md: CONNECT request with CAPS": .proxyMethod,
        "method.md: CONNECT with body": .proxyMethod,
        "uri.md: Underscore in hostname": .proxyMethod,
        "method.md: M-SEARCH request": .malformedTarget,
        // A fragment is never sent, and a user before the host is a disguise.
        "uri.md: Fragment in URI": .malformedTarget,
        "uri.md: `host:port` and basic auth": .malformedTarget,
        "transfer-encoding.md: POST with `chunked` as last transfer-encoding": .malformedTarget,
        "transfer-encoding.md: POST with `chunked` as last transfer-encoding (multiple headers)": .malformedTarget,
        "transfer-encoding.md: POST with `chunkedchunked` as transfer-encoding": .malformedTarget,
        // llhttp reports it behind the head, we with it.
        "transfer-encoding.md: Ignoring `pigeons`": .malformedTransferEncoding,
    ]

    /// What llhttp reads in its lenient modes only, and we never.
    static let lenient: [String: RequestError] = [
        "connection.md: Invalid whitespace token with `Connection` header field (lenient)": .malformedFieldName,
        "connection.md: Multiple tokens with folding": .foldedField,
        "connection.md: Multiple tokens with folding, LWS, and CRLF": .foldedField,
        "content-length.md: Invalid whitespace token with `Content-Length` header field (lenient)":
            .malformedFieldName,
        "content-length.md: Missing CRLF-CRLF before body (lenient)": .bareLineEnd,
        "content-length.md: No error on simultaneous `Content-Length` and `Transfer-Encoding: identity` (lenient)":
            .ambiguousLength,
        "invalid.md: Headers separated by dummy characters (lenient)": .bareLineEnd,
        "invalid.md: Only LFs present (lenient)": .bareLineEnd,
        "invalid.md: Spaces before headers (lenient)": .foldedField,
        "lenient-header-value-relaxed.md: Control char in header value (relaxed)": .malformedFieldValue,
        "lenient-headers.md: Empty headers separated by CR (lenient)": .bareLineEnd,
        "lenient-headers.md: Header value (lenient)": .malformedFieldValue,
        "lenient-version.md: Invalid HTTP version (lenient)": .unknownVersion,
        "sample.md: Line folding in header value with CRLF": .foldedField,
        "sample.md: No LF after CR (lenient)": .bareLineEnd,
        "sample.md: X-SSL-Nonsense": .foldedField,
        "transfer-encoding.md: Invalid OBS fold after chunked value": .foldedField,
        "transfer-encoding.md: POST with `Transfer-Encoding` and `Content-Length` (lenient)": .malformedTarget,
        "transfer-encoding.md: POST with `chunked` and duplicate transfer-encoding (lenient)": .malformedTarget,
        "transfer-encoding.md: POST with `chunked` before other transfer-coding (lenient)": .malformedTarget,
    ]

    @Test func `each case is read as llhttp reads it, or differs as the table says`() throws {
        let cases = try Self.cases.get()
        #expect(cases.count == 166)
        var unused = Set(Self.differences.keys).union(Self.lenient.keys)
        for one in cases {
            let answer = Answer(one.bytesToRead)
            if let expected = Self.differences[one.title] {
                unused.remove(one.title)
                #expect(answer.error == expected, "\(one.title)")
            } else if let expected = Self.lenient[one.title] {
                unused.remove(one.title)
                #expect(answer.error == expected, "\(one.title)")
            } else {
                #expect((answer.error == nil) == one.isAccepted, "\(one.title): \(answer)")
                #expect(one.isLenient || (answer.head != nil) == one.isComplete, "\(one.title)")
            }
        }
        #expect(unused.isEmpty)
    }

    @Test func `no request is read with another method, target or field than llhttp's`() throws {
        for one in try Self.cases.get() where one.isComplete {
            guard let head = Answer(one.bytesToRead).head else { continue }
            #expect(RequestMethod(one.method) == head.method, "\(one.title)")
            #expect(String(decoding: head.rawTarget, as: UTF8.self) == one.target, "\(one.title)")
            for name in Set(one.fields.map { $0.name.lowercased() }) {
                let values = one.fields.filter { $0.name.lowercased() == name }.map(\.value)
                #expect(head.values(of: name).map(Self.text) == values, "\(one.title)")
            }
        }
    }

    private static func text(_ bytes: [UInt8]) -> String {
        String(validating: bytes, as: UTF8.self) ?? String(bytes.map { Character(Unicode.Scalar($0)) })
    }

    @Test func `each case gets the same answer wherever it is cut`() throws {
        for one in try Self.cases.get() {
            let bytes = one.bytesToRead
            let whole = Answer(bytes)
            for cut in 0...bytes.count {
                let answer = Answer(Array(bytes[..<cut]), Array(bytes[cut...]))
                #expect(answer.error == whole.error && answer.consumed == whole.consumed, "\(one.title) at \(cut)")
            }
        }
    }
}

/// What a parser says to the first head in some pieces of bytes.
struct Answer {
    var head: RequestHead?
    /// How many bytes the head took, all pieces together.
    var consumed: Int?
    var error: RequestError?

    init(_ pieces: [UInt8]..., limitBytes: Int = RequestParser.defaultLimitBytes) {
        var parser = RequestParser(limitBytes: limitBytes)
        var before = 0
        for piece in pieces where head == nil && error == nil {
            do throws(RequestError) {
                guard let (head, consumed) = try parser.receive(piece.span) else {
                    before += piece.count
                    continue
                }
                self.head = head
                self.consumed = before + consumed
            } catch {
                self.error = error
            }
        }
    }

    init(_ text: String) {
        self.init(Array(text.utf8))
    }
}
