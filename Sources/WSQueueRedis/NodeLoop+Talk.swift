internal import WSQueueBroker
internal import WSQueueNet
internal import WSQueueOperation
internal import WSQueueSystem
internal import WSQueueWire

/// What other nodes say, and what clients say to those of other nodes.
extension NodeLoop {
    /// Something was said on the channel.
    mutating func hear(_ bytes: [UInt8], now: Int64) {
        guard isListening else { return }
        let message: NodeMessage
        do throws(NodeMessageFault) {
            message = try NodeMessage.decode(bytes.span)
        } catch {
            context.log.write(
                LogLine(.warning, "nodes.foreign").with("channel", desk.settings.key("talk"))
                    .with("reason", error.description).with("hint", "ignored; use one --redis-stream per application"))
            return
        }
        for action in table?.hear(message, now: now) ?? [] { act(action, now: now) }
    }

    /// Does what follows from something that was heard, or not heard.
    mutating func act(_ action: NodeTable.Action, now: Int64) {
        switch action {
        case .found(let node):
            context.log.write(LogLine(.notice, "node.up").with("node", node))
        case .lost(let node, let isOrderly):
            noteLost(node, isOrderly: isOrderly, now: now)
        case .say(let body): say(body, now: now)
        case .tellWhole: mustTellWhole = true
        case .put(let entries, let node):
            context.presence.withLock { for entry in entries { $0.put(entry, from: node) } }
        case .replace(let entries, let node):
            context.presence.withLock { $0.replace(entries, from: node) }
        case .pass(let call, let node, let ticket):
            hand(call, from: node, ticket)
        case .passed(let ticket, let node, let count):
            if let answer = calls.passed(ticket, by: node, count: count) { pass(answer) }
        }
    }

    /// Takes a message of one of our clients to the other nodes.
    mutating func call(_ message: ClientMessage, _ loop: Int, _ ticket: UInt64, now: Int64) {
        let nodes = isListening ? table?.alive ?? [] : []
        let isForOwn = message.recipients?.allSatisfy(desk.isOwn) ?? false
        guard !nodes.isEmpty, !isForOwn else {
            return pass(CallsAbroad.Answer(loop: loop, ticket: ticket, count: 0))
        }
        let abroad = calls.add(loop: loop, ticket: ticket, nodes: nodes, now: now)
        let text = message.frame[FrameEncoder.payloadStart(in: message.frame.span)...]
        let call = NodeCall(channel: message.channel, recipients: message.recipients, text: Array(text))
        say(.pass(ticket: abroad, call), now: now)
    }

    /// A loop has handed a message of another node's client to so many.
    mutating func notePassed(_ ticket: UInt64, _ count: Int, now: Int64) {
        guard var call = foreignCalls[ticket] else { return }
        call.count += count
        call.loopsLeft -= 1
        foreignCalls[ticket] = call.loopsLeft == 0 ? nil : call
        if call.loopsLeft == 0 { say(.passed(to: call.node, ticket: call.ticket, count: call.count), now: now) }
    }

    /// Tells the senders of messages that have waited long enough.
    mutating func turnCalls(now: Int64) {
        for answer in calls.expired(now: now) { pass(answer) }
    }

    /// Tells a loop how many clients of other nodes have got a message.
    func pass(_ answer: CallsAbroad.Answer) {
        context.tellPassed(answer.loop, answer.ticket, answer.count)
    }

    private mutating func hand(_ call: NodeCall, from node: Int64, _ ticket: UInt64) {
        lastForeignTicket += 1
        foreignCalls[lastForeignTicket] = ForeignCall(node: node, ticket: ticket, loopsLeft: context.loopCount)
        let message = ClientMessage(
            channel: call.channel, recipients: call.recipients, frame: FrameEncoder.frame(.text, call.text.span))
        context.hand(message, lastForeignTicket)
    }

    private mutating func noteLost(_ node: Int64, isOrderly: Bool, now: Int64) {
        context.presence.withLock { $0.lose(node, now: now) }
        for answer in calls.lose(node) { pass(answer) }
        var line = LogLine(isOrderly ? .notice : .warning, "node.down").with("node", node)
        if !isOrderly { line = line.with("reason", "silent").with("hint", "its users leave after the grace") }
        context.log.write(line)
    }
}
