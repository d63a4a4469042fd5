internal import WSQueueCore

/// Reads an HTTP/1 answer from pieces of any length (RFC 9112): its head, and then its body as it comes.
package struct AnswerReader: Sendable {
    /// What arrived is no HTTP answer.
    package struct Fault: Error, Equatable, Sendable {}

    /// What stands before the body.
    package struct Head: Equatable, Sendable {
        package let status: Int
        fileprivate let fields: [(name: String, value: String)]

        package static func == (left: Head, right: Head) -> Bool {
            left.status == right.status && left.fields.elementsEqual(right.fields) { $0 == $1 }
        }

        /// The value of the first field of a name in small letters.
        package func value(of name: String) -> String? { fields.first { $0.name == name }?.value }
    }

    private enum Framing {
        case head
        /// The reader knows where it ends.
        case body(RequestBodyReader)
        /// The end of the connection is its end.
        case untilEnd
    }

    /// `nil` before it is whole.
    package private(set) var head: Head?
    private var framing = Framing.head
    private var bytes: [UInt8] = []
    private static let headLimitBytes = 65_536

    /// Stands before an answer.
    package init() {}

    /// Whether all of the body has come; `false` where only the connection's end can tell.
    package var isDone: Bool {
        if case .body(let reader) = framing { return reader.isDone }
        return false
    }

    /// Takes what has arrived.
    ///
    /// - Returns: What of the body has come with it.
    /// - Throws: ``Fault``.
    package mutating func receive(_ input: Span<UInt8>) throws(Fault) -> [UInt8] {
        switch framing {
        case .head:
            bytes.append(input, input.indices)
            guard let end = try takeHead() else { return [] }
            let rest = Array(bytes[end...])
            bytes = []
            return try receive(rest.span)
        case .body(var reader):
            do throws(RequestBodyReader.Fault) {
                try reader.receive(input)
            } catch {
                throw Fault()
            }
            let taken = reader.takeBytes()
            framing = .body(reader)
            return taken
        case .untilEnd:
            return [UInt8](input, in: input.indices)
        }
    }

    /// Reads the head once it is whole, and passes over those that come before the answer proper (RFC 9110, section 15.2).
    ///
    /// - Returns: Where the body begins.
    private mutating func takeHead() throws(Fault) -> Int? {
        while let end = headEnd {
            let lines = bytes[..<end].split(separator: ASCII.lineFeed).map { line in
                String(decoding: line.last == ASCII.carriageReturn ? line.dropLast() : line, as: UTF8.self)
            }
            let parts = lines.first?.split(separator: " ", maxSplits: 2) ?? []
            guard parts.count >= 2, parts[0].hasPrefix("HTTP/1."), let status = Int(parts[1]),
                (100...599).contains(status)
            else { throw Fault() }
            guard status >= 200 else {
                bytes.removeFirst(end)
                continue
            }
            let head = Head(status: status, fields: lines.dropFirst().compactMap(Self.field))
            self.head = head
            framing = try Self.framing(head)
            return end
        }
        guard bytes.count <= Self.headLimitBytes else { throw Fault() }
        return nil
    }

    private static func framing(_ head: Head) throws(Fault) -> Framing {
        let body: RequestBody
        if head.status == 204 || head.status == 304 {
            body = .none
        } else if let coding = head.value(of: "transfer-encoding") {
            guard coding.lowercased() == "chunked" else { throw Fault() }
            body = .chunked
        } else if let text = head.value(of: "content-length") {
            guard let length = Int(text), length >= 0 else { throw Fault() }
            body = length == 0 ? .none : .length(length)
        } else {
            return .untilEnd
        }
        do throws(RequestBodyReader.Fault) {
            // What has come is taken at once, so there is nothing to bound.
            return .body(try RequestBodyReader(body, limitBytes: .max))
        } catch {
            throw Fault()
        }
    }

    private static func field(_ line: String) -> (name: String, value: String)? {
        let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2 else { return nil }
        let value = parts[1].drop { $0 == " " || $0 == "\t" }.reversed().drop { $0 == " " || $0 == "\t" }.reversed()
        return (parts[0].lowercased(), String(value))
    }

    /// Where the empty line ends.
    private var headEnd: Int? {
        var lineStart = 0
        for (index, byte) in bytes.enumerated() where byte == ASCII.lineFeed {
            let line = bytes[lineStart..<index]
            if line.isEmpty || line.elementsEqual([ASCII.carriageReturn]) { return index + 1 }
            lineStart = index + 1
        }
        return nil
    }
}
