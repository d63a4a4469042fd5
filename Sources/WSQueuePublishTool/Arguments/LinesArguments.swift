internal import WSQueueArguments
internal import WSQueuePublish

/// What `--lines` and `--follow` have in common: where the lines are, and what is made of them.
struct LinesArguments {
    /// The path of the input; `-` is standard input.
    let input: String
    private let event: Event?
    private let isText: Bool

    /// Takes what the command line says.
    ///
    /// - Parameter command: For messages.
    init(_ arguments: ParsedArguments, command: String) throws(ArgumentFault) {
        try arguments.refuse([.json, .text, .textFile, .jsonFile], with: "\(command): the lines are the payloads")
        try arguments.refuse([.id], with: "\(command): events with one id are sent once; give each line an \"id\"")
        try arguments.refuse([.clear], with: "\(command): a state is ended by one event")
        if arguments.has(.chunks) { try arguments.refuse([.textLines], with: "--chunks, which knows no lines") }
        var operands = arguments.operands[...]
        var input = arguments.value(.file) ?? "-"
        if operands.last == "-", arguments.value(.file) == nil {
            operands.removeLast()
            input = "-"
        }
        self.input = input
        guard operands.count < 2 else {
            throw .other("'\(operands[operands.startIndex + 1])' is one word too many for \(command)")
        }
        if let name = operands.first {
            var event = try arguments.event(name, payload: [])
            event.id = nil
            self.event = event
            isText = arguments.has(.textLines) || arguments.has(.chunks)
        } else {
            try arguments.refuse(
                [.channel, .user, .except, .key, .timeToLive, .textLines, .chunks],
                with: "\(command) without EVENT: each line says it for itself")
            event = nil
            isText = false
        }
    }

    /// What makes events of the lines.
    func encoder(limitBytes: Int, due: Int64? = nil) throws(PublishError) -> LineEncoder {
        guard let event else { return LineEncoder(eventsUpTo: limitBytes) }
        return try LineEncoder(payloadsOf: event, upTo: limitBytes, isText: isText, due: due)
    }
}
