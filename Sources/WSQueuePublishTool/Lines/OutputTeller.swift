internal import WSQueueCore
package import WSQueuePublish
package import WSQueueSystem

/// Publishes what a command writes as it comes: `{"stream":"stdout","text":"…"}`, with the fields that all its events have.
///
/// The command never waits for that. What cannot be published for long is dropped, and that is said.
package struct OutputTeller {
    private var outlet: Outlet
    private var encoders: [LineEncoder]
    private var texts = [TextPieces(), TextPieces()]
    /// Which of both wrote last.
    private var last = 0
    private var encoded: [UInt8] = []
    private var droppedBytes = 0
    private let report: (String) -> Void

    /// Begins.
    ///
    /// - Parameters:
    ///   - event: Without its payload.
    ///   - members: What its payload has besides, as members of a JSON object without its braces.
    ///   - every: The time between two batches.
    ///   - report: Gets a line for people when something is wrong.
    package init(
        _ publisher: Publisher, _ event: Event, members: [UInt8], every: Duration, report: @escaping (String) -> Void
    ) throws(PublishError) {
        outlet = Outlet(publisher, every: every, report: report)
        self.report = report
        let end = (members.isEmpty ? [] : [UInt8(ascii: ",")] + members) + [UInt8(ascii: "}")]
        encoders = []
        for name in ["stdout", "stderr"] {
            encoders.append(
                try LineEncoder(
                    payloadsOf: event, upTo: publisher.settings.limitBytes, isText: true,
                    between: (Array("{\"stream\":\"\(name)\",\"text\":".utf8), end)))
        }
    }

    /// How many U+FFFD stand in the texts for what was not UTF-8.
    package var replacements: Int { encoders[0].replacements + encoders[1].replacements }

    /// Takes what the command has written.
    package mutating func take(_ bytes: ArraySlice<UInt8>, from stream: StandardStream) {
        let index = stream == .output ? 0 : 1
        // What stood on a terminal before it comes before it.
        if index != last { encode(last) }
        last = index
        texts[index].append(bytes)
        while texts[index].isFull { encode(index) }
    }

    /// Publishes what is due.
    ///
    /// - Returns: For how long may be waited, in milliseconds; -1 is for ever.
    package mutating func publishDue() -> Int32 {
        if outlet.isDue { encode(last) }
        outlet.publishIfDue()
        // The first bytes of a character wait for the others.
        return outlet.isEmpty && !texts[last].hasWhole ? -1 : outlet.patience
    }

    /// Publishes all that is left.
    package mutating func finish() throws(PublishError) {
        for index in [last, 1 - last] { encode(index, isLast: true) }
        if droppedBytes > 0 { report("\(droppedBytes) bytes of what the command wrote could not be published") }
        try outlet.flush()
    }

    private mutating func encode(_ index: Int, isLast: Bool = false) {
        let text = texts[index].take(isLast: isLast)
        guard !text.isEmpty else { return }
        guard outlet.hasRoom else {
            droppedBytes += text.count
            return
        }
        encoded.removeAll(keepingCapacity: true)
        encoders[index].stamp()
        do {
            try encoders[index].encode(text: text, into: &encoded)
            outlet.add(encoded, events: 1)
        } catch {
            droppedBytes += text.count
        }
    }
}
