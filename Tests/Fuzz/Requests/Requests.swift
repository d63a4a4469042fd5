import WSQueueWire

/// A request means the same however it is cut, whatever it says gets an answer, and nothing in it traps.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzRequests(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = Array(UnsafeBufferPointer(start: start, count: count))
    let whole = answer(to: input, pieceLength: .max)
    precondition(answer(to: input, pieceLength: 1) == whole, "differs when cut at every byte")
    return 0
}

/// What a connection would be told.
private struct Answer: Equatable {
    /// How many bytes the request took.
    var consumed = 0
    var method: RequestMethod?
    var target: RequestTarget?
    var body: RequestBody?
    /// The answer to a handshake, or to what cannot be read.
    var bytes: [UInt8] = []
}

private func answer(to input: [UInt8], pieceLength: Int) -> Answer {
    var parser = RequestParser(limitBytes: 4_096)
    var start = 0
    while start < input.count {
        let end = pieceLength < input.count - start ? start + pieceLength : input.count
        do throws(RequestError) {
            if let (head, consumed) = try parser.receive(input.span.extracting(start..<end)) {
                return answer(to: head, consumed: start + consumed)
            }
        } catch {
            return Answer(bytes: checked(Response(refusing: error)))
        }
        start = end
    }
    return Answer()
}

private func answer(to head: RequestHead, consumed: Int) -> Answer {
    _ = head.host
    _ = head.expectsContinue
    let forwarded = !head.forwardedFor.isEmpty || !head.forwardedHosts.isEmpty || head.isForwardedSecure(by: 1)
    precondition(!forwarded || head.isPassedOn, "a client of a proxy that was not passed on")
    for item in head.target.query { precondition(head.target.value(of: item.name) != nil, "an item without a value") }
    var answer = Answer(consumed: consumed, method: head.method, target: head.target, body: head.body)
    guard Handshake.isWanted(by: head) else { return answer }
    do throws(HandshakeError) {
        answer.bytes = try Handshake(head).answer()
    } catch {
        answer.bytes = checked(error.response)
    }
    return answer
}

/// A refusal is a whole answer that no input can break out of.
private func checked(_ response: Response) -> [UInt8] {
    let bytes = response.encode(for: .get)
    precondition(response.status.rawValue >= 400 && !response.body.isEmpty, "a refusal without words")
    precondition(bytes.count < 1_024, "an answer that repeats the request")
    return bytes
}
