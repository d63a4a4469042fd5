internal import WSQueueAccess
internal import WSQueueNet
internal import WSQueueOperation
package import WSQueueWire

/// A request whose body is to be published.
package struct PublishRequest: Sendable {
    /// Reads the body.
    package let reader: RequestBodyReader
    /// What it is.
    package let form: PublishForm
    /// Who publishes: `http:` and the line of the token.
    package let publisher: String
    /// Further fields for the answer.
    package let fields: [Response.Field]
    /// What a batch takes of the memory for them.
    package let share: PublishRoom.Share?
}

/// `POST /publish`: events by HTTP, for those who cannot reach the queue's directory (SPEC §4).
package struct PublishRoute {
    let access: RequestAccess
    let limits: PublishLimits

    /// Looks at a request's head, before any of its body is read.
    func route(_ head: RequestHead, from source: RequestSource) -> Router.Route {
        if let refusal = access.refusal(of: head, from: source) { return .respond(refusal) }
        let fields = access.sharing(with: head)
        if head.method == .options { return .respond(Preflight.answer("POST", fields)) }
        guard head.method == .post else {
            var answer = HTTPRoute.publish.notAllowed
            answer.fields += fields
            return .respond(answer)
        }
        guard let publisher = access.publisher(of: head, from: source) else {
            var answer = Response.unauthorized(
                "Send a token of the server's --publish-token-file as Authorization: Bearer.")
            answer.fields += fields
            return .respond(answer)
        }
        if var answer = access.overPublishing(head, from: source) {
            answer.fields += fields
            return .respond(answer)
        }
        guard let form = PublishForm(head) else {
            return .respond(
                Response(.unsupportedMediaType, advice: "Send Content-Type: \(PublishForm.types).", fields: fields))
        }
        guard head.tokens(of: "content-encoding").allSatisfy({ $0.elementsEqual("identity".utf8) }) else {
            // RFC 9110, section 12.5.3: so a client knows that it is not the type that was wrong.
            return .respond(
                Response(
                    .unsupportedMediaType, advice: "Send the body as it is, without Content-Encoding.",
                    fields: [.init("Accept-Encoding", "identity")] + fields))
        }
        do throws(RequestBodyReader.Fault) {
            let limitBytes = limits.bytes(of: form)
            let reader = try RequestBodyReader(head.body, limitBytes: limitBytes)
            var share: PublishRoom.Share?
            if form == .batch {
                share = limits.room.share(head.body.announcedBytes ?? limitBytes)
                guard share != nil else { return .respond(Self.noRoom(fields)) }
            }
            let request = PublishRequest(
                reader: reader, form: form, publisher: publisher, fields: fields, share: share)
            return .publish(request, expectsContinue: head.expectsContinue)
        } catch {
            return .respond(Self.refusal(error, form, fields))
        }
    }

    private static func noRoom(_ fields: [Response.Field]) -> Response {
        Response(
            .serviceUnavailable, advice: "Other batches are being taken. Try again in a second.",
            fields: [.init("Retry-After", "1")] + fields)
    }

    /// The answer to a body that cannot be read.
    ///
    /// - Parameter form: What it was to be; `nil` is what the application wants.
    package static func refusal(
        _ fault: RequestBodyReader.Fault, _ form: PublishForm?, _ fields: [Response.Field]
    ) -> Response {
        guard case .tooLong(let limit) = fault else {
            return Response(.badRequest, advice: "The body's chunks are malformed.", fields: fields)
        }
        let advice =
            switch form {
            case .batch?: "A batch may have \(limit) bytes (--batch-size)."
            case .some: "An event may have \(limit) bytes (--event-size)."
            case nil: "What the application wants may have \(limit) bytes."
            }
        return Response(.contentTooLarge, advice: advice, fields: fields)
    }
}

/// How large may be what is published by HTTP.
package struct PublishLimits: Sendable {
    private let eventBytes: Int
    private let batchBytes: Int
    /// The memory for batches.
    package let room: PublishRoom

    package init(eventBytes: Int, batchBytes: Int, room: PublishRoom) {
        self.eventBytes = eventBytes
        self.batchBytes = batchBytes
        self.room = room
    }

    func bytes(of form: PublishForm) -> Int { form == .batch ? batchBytes : eventBytes }
}
