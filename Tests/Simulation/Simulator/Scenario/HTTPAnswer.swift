/// A whole answer to an HTTP request.
struct HTTPAnswer {
    static let patienceNanoseconds: Int64 = 60_000_000_000

    let status: UInt64
    let body: ArraySlice<UInt8>

    /// Reads one; `nil` where not all of it is there.
    init?(_ bytes: [UInt8]) {
        guard let end = Bytes.find("\r\n\r\n", in: bytes[...]),
            let length = Bytes.number("Content-Length: ", in: bytes[..<end]), bytes.count >= end + 4 + Int(length),
            let status = Bytes.number("HTTP/1.1 ", in: bytes[...])
        else { return nil }
        self.status = status
        body = bytes[(end + 4)..<(end + 4 + Int(length))]
    }
}

extension Stage {
    /// Sends a request to a server, and waits for the answer.
    ///
    /// - Returns: `nil` where the server dies meanwhile.
    func ask(_ request: String, of server: Int = 0, as name: String) -> HTTPAnswer? {
        kernel.pause { [kernel] in kernel.listeners[server] != nil }
        guard let listener = kernel.listeners[server] else { return nil }
        let connection = SimulatedConnection(capacity: 65_536)
        connection.toServer = Array(request.utf8)
        listener.backlog.append(connection)
        defer { connection.isClosedByClient = true }
        var received: [UInt8] = []
        let end = kernel.now + HTTPAnswer.patienceNanoseconds
        while true {
            kernel.pause(until: end) {
                !connection.toClient.isEmpty || connection.isReset || connection.isClosedByServer
            }
            received += connection.toClient
            connection.toClient = []
            if let answer = HTTPAnswer(received) {
                trace(name, answer.body)
                return answer
            }
            if connection.isReset || connection.isClosedByServer { return nil }
            if kernel.now >= end {
                fail("\(name): no answer within a minute to \(request.prefix(40))")
                return nil
            }
        }
    }
}
