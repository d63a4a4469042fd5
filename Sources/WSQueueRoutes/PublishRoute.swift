internal import WSQueueAccess
internal import WSQueueCore
internal import WSQueueNet
internal import WSQueueOperation
package import WSQueueWire

/// `POST /publish`: an event by HTTP, for those who cannot reach the queue's directory (SPEC §4).
package struct PublishRoute {
    let access: RequestAccess
    /// How long an event may be.
    let limitBytes: Int

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
        guard access.mayPublish(head, from: source) else {
            var answer = Response.unauthorized(
                "Send a token of the server's --publish-token-file as Authorization: Bearer.")
            answer.fields += fields
            return .respond(answer)
        }
        if var answer = access.overPublishing(head, from: source) {
            answer.fields += fields
            return .respond(answer)
        }
        guard Self.isJSON(head) else {
            return .respond(
                Response(.unsupportedMediaType, advice: "Send Content-Type: application/json.", fields: fields))
        }
        guard head.tokens(of: "content-encoding").allSatisfy({ $0.elementsEqual("identity".utf8) }) else {
            // RFC 9110, section 12.5.3: so a client knows that it is not the type that was wrong.
            return .respond(
                Response(
                    .unsupportedMediaType, advice: "Send the body as it is, without Content-Encoding.",
                    fields: [.init("Accept-Encoding", "identity")] + fields))
        }
        do throws(RequestBodyReader.Fault) {
            let reader = try RequestBodyReader(head.body, limitBytes: limitBytes)
            return .publish(reader, expectsContinue: head.expectsContinue, fields)
        } catch {
            return .respond(Self.refusal(error, fields))
        }
    }

    /// The answer to a body that cannot be read.
    package static func refusal(_ fault: RequestBodyReader.Fault, _ fields: [Response.Field]) -> Response {
        switch fault {
        case .tooLong(let limit):
            Response(.contentTooLarge, advice: "An event may have \(limit) bytes (--event-size).", fields: fields)
        case .malformedChunk: Response(.badRequest, advice: "The body's chunks are malformed.", fields: fields)
        }
    }

    /// The answer to a body that is no event, checked as a file is.
    package static func refusal(of body: Span<UInt8>, _ fields: [Response.Field]) -> Response? {
        do throws(EventFault) {
            _ = try EventText.decode(body)
            return nil
        } catch {
            return Response(
                .badRequest, fields: [.init("Content-Type", "application/json")] + fields,
                body: ServerMessage.publishRefused(error.reason, offset: error.offset) + Array("\n".utf8))
        }
    }

    /// Whether the body is said to be JSON, or nothing is said. What a form sends is not: curl says so of `-d`.
    private static func isJSON(_ head: RequestHead) -> Bool {
        guard let type = head.text(of: "content-type") else { return true }
        let name = type.prefix { $0 != ";" }.lowercased().filter { $0 != " " && $0 != "\t" }
        return name == "application/json"
    }
}
