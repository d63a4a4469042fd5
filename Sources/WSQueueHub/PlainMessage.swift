internal import WSQueueCore
internal import WSQueueLog
internal import WSQueueSystem
internal import WSQueueWire

/// Writes the message that clients get of a plain event straight to where it is to lie: the very bytes that
/// `EventMessageWriter` makes of it.
struct PlainMessage {
    /// `nil` where the payload has the name in a message that it has in an event.
    private let payloadName: [UInt8]?
    private let idName = Array(",\"id\":".utf8)
    private let seqName = Array(",\"seq\":".utf8)

    /// - Parameter payloadKey: The wire's name for the payload.
    init(payloadKey: String) {
        guard payloadKey != "payload" else {
            payloadName = nil
            return
        }
        var name = Array(",".utf8)
        JSONWriter.write(payloadKey, into: &name)
        name.append(UInt8(ascii: ":"))
        payloadName = name
    }

    /// Writes frame and record of a plain line of a batch.
    ///
    /// - Parameters:
    ///   - lineID: The id of a line that says none.
    ///   - key: Under which the journal is to know it.
    /// - Returns: How long the frame is.
    func write(
        _ line: PlainEventText, _ text: Span<UInt8>, lineID: Span<UInt8>, _ owner: EventOwner, key: UInt64, seq: UInt64,
        unix: Int64, to writer: inout PublicationWriter, _ publications: PublicationLog,
        _ journal: inout JournalWriter
    ) -> Int {
        let digits = DecimalDigits(seq)
        let byteCount = byteCount(line, lineID: lineID, digits)
        let frameBytes = FrameEncoder.frameLength(payloadLength: byteCount)
        writer.append(byteCount: frameBytes, seq: seq, audience: .everyone) { output in
            FrameEncoder.writeHeader(.text, payloadLength: byteCount, to: &output)
            write(line, text, lineID: lineID, digits, to: &output)
        }
        // From where it lies now: one piece, and in the cache.
        publications.ring.read(at: writer.position - UInt64(byteCount), count: byteCount) { message in
            if let id = line.id {
                let own = text.extracting(JSONString.contents(of: id))
                journal.stageLine(own, lineID, owner, key: key, seq: seq, unix: unix, message: message)
            } else {
                journal.stageLine(lineID, nil, owner, key: key, seq: seq, unix: unix, message: message)
            }
        }
        return frameBytes
    }

    /// How long the message is.
    ///
    /// - Parameter lineID: The id of an event that says none.
    private func byteCount(_ event: PlainEventText, lineID: Span<UInt8>, _ seq: borrowing DecimalDigits) -> Int {
        let id = event.id?.count ?? lineID.count + 2
        let name = payloadName.map { $0.count - (event.payload.lowerBound - event.nameEnd) } ?? 0
        return event.endOfOwnBeginning + name + idName.count + id + seqName.count + seq.count + 1
    }

    /// Writes the message.
    ///
    /// - Parameters:
    ///   - text: The event's text.
    ///   - lineID: The id of an event that says none; nothing in it has to be escaped.
    private func write(
        _ event: PlainEventText, _ text: Span<UInt8>, lineID: Span<UInt8>, _ seq: borrowing DecimalDigits,
        to output: inout OutputSpan<UInt8>
    ) {
        if let payloadName {
            output.append(memory: text.extracting(..<event.nameEnd))
            output.append(memory: payloadName.span)
            output.append(memory: text.extracting(event.payload.lowerBound..<event.endOfOwnBeginning))
        } else {
            output.append(memory: text.extracting(..<event.endOfOwnBeginning))
        }
        output.append(memory: idName.span)
        if let id = event.id {
            output.append(memory: text.extracting(id))
        } else {
            output.append(UInt8(ascii: "\""))
            output.append(memory: lineID)
            output.append(UInt8(ascii: "\""))
        }
        output.append(memory: seqName.span)
        seq.append(to: &output)
        output.append(UInt8(ascii: "}"))
    }
}
