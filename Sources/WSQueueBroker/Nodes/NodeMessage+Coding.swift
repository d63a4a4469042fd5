internal import WSQueueCore

/// Messages as bytes: `wsq`, the version, a letter for the kind, the sender, and the kind's fields. Numbers are eight
/// bytes, the lowest first; texts and lists have their length before them.
extension NodeMessage {
    /// The version of this form. Nodes ignore what is of another one.
    package static let version: UInt8 = 1
    /// The longest message that is read.
    package static let limitBytes = 1_048_576
    /// About how much presence goes into one message.
    static let pieceBytes = 32_768

    /// Encodes it.
    package func encode() -> [UInt8] {
        var output = NodeOutput(kind: kind, sender: sender)
        switch body {
        case .hello, .bye: break
        case .beat(let version): output.number(version)
        case .ask(let node): output.number(node)
        case .changes(let version, let entries):
            output.number(version)
            output.list(entries) { $0.entry($1) }
        case .whole(let version, let piece, let isLast, let entries):
            output.number(version)
            output.number(piece)
            output.number(isLast ? 1 : 0)
            output.list(entries) { $0.entry($1) }
        case .pass(let ticket, let call):
            output.number(ticket)
            output.text(Array(call.channel.utf8))
            output.optional(call.recipients) { output, recipients in
                output.list(recipients) { $0.number($1) }
            }
            output.text(call.text)
        case .passed(let node, let ticket, let count):
            output.number(node)
            output.number(ticket)
            output.number(count)
        case .order(let ticket, let order):
            output.number(ticket)
            output.order(order)
        case .answered(let node, let ticket, let tally):
            output.number(node)
            output.number(ticket)
            output.tally(tally)
        case .disconnected(let entries): output.list(entries) { $0.disconnection($1) }
        }
        return output.bytes
    }

    /// Reads what was said on the channel.
    ///
    /// Everything is checked that clients would be handed: names, ids, and that JSON is JSON.
    package static func decode(_ bytes: Span<UInt8>) throws(NodeMessageFault) -> NodeMessage {
        var input = try NodeInput(bytes)
        guard let sender = input.number(bytes), sender > 0, let body = body(bytes[4], &input, bytes),
            input.place == bytes.count
        else { throw .foreign }
        return NodeMessage(sender: sender, body: body)
    }

    /// Divides presence into pieces that fit into messages; one empty piece where there is none.
    package static func pieces(of entries: [PresenceEntry]) -> [[PresenceEntry]] {
        var pieces: [[PresenceEntry]] = [[]]
        var size = 0
        for entry in entries {
            let more = entry.place.channel.utf8.count + 100 + (entry.state?.user.sizeBytes ?? 0)
            if size + more > pieceBytes, size > 0 {
                pieces.append([])
                size = 0
            }
            pieces[pieces.count - 1].append(entry)
            size += more
        }
        return pieces
    }

    private var kind: UInt8 {
        switch body {
        case .beat: UInt8(ascii: "b")
        case .hello: UInt8(ascii: "h")
        case .ask: UInt8(ascii: "a")
        case .changes: UInt8(ascii: "c")
        case .whole: UInt8(ascii: "w")
        case .pass: UInt8(ascii: "p")
        case .passed: UInt8(ascii: "n")
        case .order: UInt8(ascii: "o")
        case .answered: UInt8(ascii: "r")
        case .disconnected: UInt8(ascii: "d")
        case .bye: UInt8(ascii: "q")
        }
    }

    private static func body(_ kind: UInt8, _ input: inout NodeInput, _ bytes: Span<UInt8>) -> Body? {
        switch kind {
        case UInt8(ascii: "h"): return .hello
        case UInt8(ascii: "q"): return .bye
        case UInt8(ascii: "b"): return input.version(bytes).map { .beat(version: $0) }
        case UInt8(ascii: "a"): return input.number(bytes).map { .ask(of: $0) }
        case UInt8(ascii: "c"):
            guard let version = input.version(bytes), let entries = input.entries(bytes) else { return nil }
            return .changes(version: version, entries)
        case UInt8(ascii: "w"):
            guard let version = input.version(bytes), let piece = input.number(bytes), piece >= 0,
                let last = input.number(bytes), let entries = input.entries(bytes)
            else { return nil }
            return .whole(version: version, piece: Int(piece), isLast: last == 1, entries)
        case UInt8(ascii: "p"):
            guard let ticket = input.version(bytes), let call = input.call(bytes) else { return nil }
            return .pass(ticket: ticket, call)
        case UInt8(ascii: "n"):
            guard let node = input.number(bytes), let ticket = input.version(bytes), let count = input.number(bytes),
                count >= 0, count <= 1 << 32
            else { return nil }
            return .passed(to: node, ticket: ticket, count: Int(count))
        case UInt8(ascii: "o"):
            guard let ticket = input.version(bytes), let order = input.order(bytes) else { return nil }
            return .order(ticket: ticket, order)
        case UInt8(ascii: "r"):
            guard let node = input.number(bytes), let ticket = input.version(bytes), let tally = input.tally(bytes)
            else { return nil }
            return .answered(to: node, ticket: ticket, tally)
        case UInt8(ascii: "d"): return input.list(bytes) { $0.disconnection($1) }.map { .disconnected($0) }
        default: return nil
        }
    }
}

extension PresentUser {
    /// About how much it takes in a message.
    fileprivate var sizeBytes: Int { 2 * user.bytes.count + (info?.count ?? 0) + (activity?.count ?? 0) }
}
