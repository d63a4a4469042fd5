internal import WSQueueNet
internal import WSQueueOperation
internal import WSQueueWire

/// Events that come by HTTP.
extension DeliveryLoop {
    /// Begins to read a body; what came behind the head is its beginning.
    mutating func beginBody(
        _ reader: RequestBodyReader, expectsContinue: Bool, _ fields: [Response.Field], _ range: Range<Int>,
        _ slot: Int,
        _ peer: Peer, now: Int64
    ) {
        peer.request?.body = reader
        peer.request?.answerFields = fields
        if expectsContinue, range.isEmpty { sendOwn(Response.proceed, slot, now: now) }
        guard table[slot] === peer else { return }
        receiveBody(range, slot, peer, now: now)
    }

    /// Takes what has arrived of a body; once it is whole and an event, it is written by others.
    mutating func receiveBody(_ range: Range<Int>, _ slot: Int, _ peer: Peer, now: Int64) {
        guard let request = peer.request, var reader = request.body else { return }
        request.body = nil
        let fields = request.answerFields
        do throws(RequestBodyReader.Fault) {
            try reader.receive(buffer.span.extracting(range))
        } catch {
            return respond(PublishRoute.refusal(error, fields), to: .post, slot, now: now)
        }
        guard reader.isDone else {
            request.body = reader
            return
        }
        if let refusal = PublishRoute.refusal(of: reader.bytes.span, fields) {
            return respond(refusal, to: .post, slot, now: now)
        }
        peer.request = nil
        peer.stage = .answering
        context.publishDesk?.post(
            PublishDesk.Order(body: reader.bytes, loop: index, token: table.token(of: slot), fields: fields))
    }
}
