internal import WSQueueCore
internal import WSQueueSpool
internal import WSQueueWire

/// What a body of `POST /publish` holds.
package enum PublishForm: Equatable, Sendable {
    /// An event as a file has it.
    case event
    /// An event a line.
    case batch
    /// An event as CloudEvents has it.
    case cloudEvent

    /// The form that a request says, or an event where it says nothing; `nil` is none. What a form sends is none: curl says
    /// so of `-d`.
    init?(_ head: RequestHead) {
        guard let type = head.text(of: "content-type") else {
            self = .event
            return
        }
        switch type.prefix(while: { $0 != ";" }).lowercased().filter({ $0 != " " && $0 != "\t" }) {
        case "application/json": self = .event
        case "application/x-ndjson": self = .batch
        case "application/cloudevents+json": self = .cloudEvent
        default: return nil
        }
    }

    /// The types that are taken.
    static let types = "application/json, application/x-ndjson (a batch) or application/cloudevents+json"
}

/// A body that was checked, as it will lie in the queue.
package struct PublishBody: Sendable {
    /// The contents of the file.
    let contents: [UInt8]
    /// How many events are in it, where it is a batch.
    let batchCount: Int?

    /// Checks a body as a file is checked: all of it is good, or nothing is taken.
    ///
    /// - Parameter limitBytes: How long each event may be.
    init(_ bytes: [UInt8], _ form: PublishForm, limitBytes: Int) throws(Refusal) {
        switch form {
        case .event:
            try Self.checked { () throws(EventFault) in _ = try EventText.decode(bytes.span) }
            (contents, batchCount) = (bytes, nil)
        case .cloudEvent:
            contents = try Self.checked { () throws(EventFault) in try CloudEvent.event(of: bytes.span) }
            batchCount = nil
        case .batch:
            (contents, batchCount) = (bytes, try Self.count(bytes, limitBytes: limitBytes))
        }
    }

    /// Why a body is not taken.
    struct Refusal: Error {
        let reason: String
        /// In the body, counted from 0.
        let offset: Int
        /// The line of a batch, counted from 1.
        let line: Int?
    }

    private static func checked<Result>(_ body: () throws(EventFault) -> Result) throws(Refusal) -> Result {
        do throws(EventFault) { return try body() } catch {
            throw Refusal(reason: error.reason, offset: error.offset, line: nil)
        }
    }

    private static func count(_ bytes: [UInt8], limitBytes: Int) throws(Refusal) -> Int {
        var lines = BatchLines()
        var count = 0
        while let line = lines.next(in: bytes.span) {
            let start = line.range.lowerBound
            guard line.range.count < limitBytes else {
                throw Refusal(
                    reason: "an event may have \(limitBytes) bytes (--event-size)", offset: start, line: line.number)
            }
            do throws(EventFault) {
                _ = try EventText.decode(bytes.span.extracting(line.range))
            } catch {
                throw Refusal(reason: error.reason, offset: start + error.offset, line: line.number)
            }
            count += 1
        }
        guard count > 0 else { throw Refusal(reason: "no event; one a line is wanted", offset: bytes.count, line: nil) }
        return count
    }
}
