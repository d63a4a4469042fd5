/// An answer over HTTP/1.1, after which the connection is closed.
package struct Response: Equatable, Sendable {
    /// One header field.
    package struct Field: Equatable, Sendable {
        /// As it is to be written.
        package let name: String
        /// Its text; control characters are written as spaces, so that no value can begin another field.
        package let value: String

        /// Makes a field.
        package init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }

        /// Let the script of any page read a refusal, and when to come back (Fetch Standard, section 3.3): without them it
        /// cannot tell that from a network that is down.
        package static let readableByAll = [
            Field("Access-Control-Allow-Origin", "*"), Field("Access-Control-Expose-Headers", "Retry-After"),
        ]

        /// When to come back, for all to read.
        package static func comeBack(afterSeconds seconds: Int) -> [Field] {
            [Field("Retry-After", "\(seconds)")] + readableByAll
        }
    }

    /// Asks a client that waits to send its body now; the response proper follows.
    package static let proceed = Array("HTTP/1.1 100 Continue\r\n\r\n".utf8)

    /// What the first line says.
    package let status: HTTPStatus
    /// The fields beside those that ``encode(for:)`` adds.
    package var fields: [Field]
    /// The content.
    package let body: [UInt8]

    /// Makes a response.
    ///
    /// - Parameters:
    ///   - status: What the first line says.
    ///   - fields: The fields, `Content-Type` among them; those of the connection are added by ``encode(for:)``.
    ///   - body: The content, empty for statuses that have none.
    package init(_ status: HTTPStatus, fields: [Field] = [], body: [UInt8] = []) {
        self.status = status
        self.fields = fields
        self.body = body
    }

    /// Makes a response of one line of text that says what to do.
    package init(_ status: HTTPStatus, advice: String, fields: [Field] = []) {
        let type = Field("Content-Type", "text/plain; charset=utf-8")
        self.init(status, fields: [type] + fields, body: Array("\(advice)\n".utf8))
    }

    /// Makes the response to a request that could not be read.
    package init(refusing error: RequestError) {
        self.init(error.status, advice: error.advice, fields: Field.readableByAll)
    }

    /// The bytes to send.
    ///
    /// - Parameter method: What was asked: HEAD gets the head of what GET gets (RFC 9110, section 9.3.2).
    package func encode(for method: RequestMethod) -> [UInt8] {
        var output = encodeStatusAndFields()
        if !status.isBodiless {
            output.append("Content-Length: ")
            output.append(decimal: body.count)
            output.append("\r\n")
        }
        output.append("\r\n")
        guard method != .head, !status.isBodiless else { return output }
        output.append(contentsOf: body)
        return output
    }

    /// The head of a response whose body goes on until the connection is closed, such as an event stream.
    package func encodeStreamHead() -> [UInt8] {
        encodeStatusAndFields() + Array("\r\n".utf8)
    }

    private func encodeStatusAndFields() -> [UInt8] {
        var output: [UInt8] = []
        output.append("HTTP/1.1 \(status.rawValue) \(status.phrase)\r\n")
        for field in fields { Self.append(field, to: &output) }
        Self.append(Field("X-Content-Type-Options", "nosniff"), to: &output)
        // An answer that names `Connection` itself (426 with `Upgrade`) says `close` there too.
        if !fields.contains(where: { ASCII.equalsIgnoringCase($0.name.utf8, "connection") }) {
            Self.append(Field("Connection", "close"), to: &output)
        }
        return output
    }

    /// Writes one field line.
    static func append(_ field: Field, to output: inout [UInt8]) {
        output.append(field.name)
        output.append(": ")
        for byte in field.value.utf8 { output.append(ASCII.isFieldCharacter(byte) ? byte : ASCII.space) }
        output.append("\r\n")
    }
}
