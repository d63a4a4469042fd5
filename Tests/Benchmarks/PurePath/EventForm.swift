import WSQueueCore

/// How the events look.
enum EventForm: String {
    /// As our publishers write them: what clients get begins with the same bytes.
    case plain
    /// As others write them: white space, another order of members, an id, a channel.
    case others

    /// The text of an event, and where in it is the number that makes its id another one each time.
    struct Template {
        var text: [UInt8]
        /// `nil` where the id is the name of the file.
        var numberEnd: Int?
    }

    var template: Template {
        switch self {
        case .plain:
            var text: [UInt8] = []
            let event = Event("order.created", payload: Array(Self.payload.utf8))
            event.encode(into: &text, queuedAt: 1_792_000_000_123_456_789)
            return Template(text: text)
        case .others:
            let head = #"{"id": "order-0000000000"#
            let rest = #"", "channel": "orders", "event": "order.created", "payload": \#(Self.payload)}"#
            return Template(text: Array((head + rest).utf8), numberEnd: head.utf8.count)
        }
    }

    /// 200 bytes with a little of all that JSON has.
    private static let payload =
        #"{"id":7,"customer":"Zoë Smith","total":12.50,"paid":true,"note":null,"lines":[{"sku":"A-1009","count":2},"#
        + #"{"sku":"B-77","count":1}],"address":"5 High Street\nAmsterdam","tags":["new","web"],"rate":1.5e-3}"#
}
