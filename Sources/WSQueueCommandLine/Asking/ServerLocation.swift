internal import WSQueueCore
package import WSQueueNet
internal import WSQueueOperation
internal import WSQueueSystem
package import WSQueueWire

/// Where a server is, as a person names it: `http://host:port[/path]`, or what `--listen` takes.
package struct ServerLocation: Sendable, CustomStringConvertible {
    private enum Place {
        case address(Address)
        case host(HTTPLocation)
        /// Those that the server of a queue listens at, the best one first. One may lead through the open directory.
        case queue(Directory, [Address])
    }

    private let place: Place
    /// Before every path, where a proxy has put the server below one.
    private let prefix: String
    package let description: String

    /// How long an address may take to answer.
    package static let connectMilliseconds: Int32 = 5_000

    /// An address of ours.
    package init(_ address: Address) {
        description = "\(address)"
        place = .address(address)
        prefix = ""
    }

    /// The server of a queue, at the first of some addresses that answers.
    init(_ addresses: [Address], of queue: Directory) {
        description = addresses.first { !$0.isUnix }.map(\.description) ?? "the server of \(queue.path)"
        place = .queue(queue, addresses)
        prefix = ""
    }

    /// Reads a URL (`http` or `ws`), `HOST:PORT`, or `unix:PATH`; `nil` for everything else, `https` too.
    package init?(_ text: String) {
        description = text
        if let address = Address.parse(text) {
            place = .address(address)
            prefix = ""
            return
        }
        let url =
            text.hasPrefix("ws://")
            ? "http://\(text.dropFirst(5))" : text.behind("://") != nil ? text : "http://\(text)"
        guard let location = HTTPLocation(url) else { return nil }
        place = .host(location)
        let path = location.target.prefix { $0 != "?" }
        prefix = path.hasSuffix("/") ? String(path.dropLast()) : String(path)
    }

    /// Connects.
    ///
    /// - Parameter milliseconds: How long each address may take to answer.
    package func open(within milliseconds: Int32 = Self.connectMilliseconds) throws(ServerCallError)
        -> BlockingConnection
    {
        let addresses =
            switch place {
            case .address(let address): [address]
            case .host(let location): Address.resolve(host: location.host, port: location.port)
            case .queue(_, let addresses): addresses
            }
        guard !addresses.isEmpty else { throw .unavailable("no server: nobody knows the host of \(self)") }
        do throws(SystemCallError) {
            return try BlockingConnection.open(addresses, within: milliseconds)
        } catch {
            throw .unavailable("no server: \(error)")
        }
    }

    /// A request: by POST where there is a body, else by GET.
    ///
    /// - Parameters:
    ///   - query: Names and values, not escaped.
    ///   - token: For `Authorization: Bearer`.
    package func request(
        _ path: String, query: [(name: String, value: String)] = [], token: String?, fields: [Response.Field] = [],
        body: [UInt8]? = nil
    ) -> [UInt8] {
        let pairs = query.map { "\($0.name)=\(Self.escaped($0.value))" }.joined(separator: "&")
        var lines = [
            "\(body == nil ? "GET" : "POST") \(prefix)\(path)\(pairs.isEmpty ? "" : "?\(pairs)") HTTP/1.1",
            "Host: \(authority)",
        ]
        if let token { lines.append("Authorization: Bearer \(token)") }
        lines += fields.map { "\($0.name): \($0.value)" } + ["User-Agent: wsqueue-server", "Connection: close"]
        if let body { lines += ["Content-Type: application/json", "Content-Length: \(body.count)"] }
        return Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8) + (body ?? [])
    }

    /// What the Host field says. A server tells more to those who call it by a name that only this machine has.
    private var authority: String {
        switch place {
        case .address(let address) where address.isLoopback: "localhost"
        case .address(let address): "\(address)"
        case .host(let location): location.authority
        case .queue(_, let addresses):
            addresses.first { !$0.isUnix }.flatMap { $0.isLoopback ? nil : "\($0)" } ?? "localhost"
        }
    }

    /// Whether it is said to be on this machine.
    package var isOnThisMachine: Bool {
        switch place {
        case .address(let address): address.isLoopback
        case .host(let location): location.host == "localhost"
        case .queue: true
        }
    }

    private static func escaped(_ text: String) -> String {
        var result = ""
        for byte in text.utf8 {
            let scalar = Unicode.Scalar(byte)
            if scalar.isASCII,
                scalar.properties.isAlphabetic || scalar.properties.numericType != nil
                    || "-._~:*,".unicodeScalars.contains(scalar)
            {
                result.unicodeScalars.append(scalar)
            } else {
                let digits = String(byte, radix: 16, uppercase: true)
                result += "%" + (digits.utf8.count < 2 ? "0" : "") + digits
            }
        }
        return result
    }
}

/// Why a server did not answer as it should.
package enum ServerCallError: Error, Equatable, CustomStringConvertible {
    /// Nothing answers there, or what answers is no wsqueue-server.
    case unavailable(String)
    /// It does not tell this to everybody.
    case notPermitted(String)

    package var description: String {
        switch self {
        case .unavailable(let text), .notPermitted(let text): text
        }
    }
}

extension ServerLocation {
    /// How long an answer may take, unless somebody has less patience.
    package static let answerMilliseconds: Int32 = 5_000
    private static let answerLimitBytes = 64 * 1_048_576

    /// Asks for something, and reads all of the answer.
    ///
    /// - Parameter milliseconds: How long connecting, and each piece of the answer, may take.
    /// - Returns: The status and the body, whatever the status is.
    package func fetch(
        _ path: String, token: String?, body given: [UInt8]? = nil, within milliseconds: Int32 = Self.answerMilliseconds
    ) throws(ServerCallError) -> (status: Int, body: [UInt8]) {
        var reader = AnswerReader()
        var body: [UInt8] = []
        do {
            let connection = try open(within: milliseconds)
            try connection.send(request(path, token: token, body: given), within: milliseconds)
            var buffer = [UInt8](repeating: 0, count: 65_536)
            while !reader.isDone {
                guard let count = try connection.receive(into: &buffer, within: milliseconds) else {
                    throw ServerCallError.unavailable("no answer from \(self) in time")
                }
                if count == 0 { break }
                body += try reader.receive(buffer.span.extracting(..<count))
                guard body.count <= Self.answerLimitBytes else {
                    throw ServerCallError.unavailable("what answers at \(self) says too much")
                }
            }
        } catch let error as ServerCallError {
            throw error
        } catch let error as SystemCallError {
            throw .unavailable("no server: \(error)")
        } catch {
            throw .unavailable("what answers at \(self) is no wsqueue-server")
        }
        guard let head = reader.head else { throw .unavailable("\(self) has ended the connection without an answer") }
        return (head.status, body)
    }

    /// The error of a status that is not what was wanted.
    package static func refusal(_ status: Int, _ body: [UInt8]) -> ServerCallError {
        let advice = TerminalText.plain(Array(body.prefix(300).prefix { $0 != 0x0A }))
        let text = "refused with \(status)" + (advice.isEmpty ? "" : ": \(advice)")
        return status == 401 || status == 403 ? .notPermitted(text) : .unavailable(text)
    }
}
