internal import WSQueueWire

/// What a document of the state (`GET /state`) says beside its events: where the state ends, and what was refused.
///
/// There is one state in it, of one moment: it begins when all channels that were asked for are listened to or refused.
/// An object, because few clients have one, and the others are to have no memory for it.
final class StateDocument {
    private var errors: [[UInt8]] = []
    private var hasBegun = false

    /// What stands after its events; what was refused follows.
    ///
    /// - Parameter isComplete: Whether there was room for all that is state in what was asked for.
    static func position(_ cursor: String, isComplete: Bool) -> [UInt8] {
        Array("],\"cursor\":\"\(cursor)\"\(isComplete ? "" : ",\"complete\":false")".utf8)
    }

    var isBegun: Bool { hasBegun }

    /// Begins with the state.
    ///
    /// - Returns: Whether it was not begun.
    func begin() -> Bool {
        defer { hasBegun = true }
        return !hasBegun
    }

    /// What is done of actions: its reader is told nothing before the end but events.
    func shown(_ actions: [SessionAction]) -> [SessionAction] {
        actions.flatMap { action -> [SessionAction] in
            switch action {
            case .send(let text):
                if case .error? = ServerMessage.Aside(text.span) { errors.append(text) }
                return []
            case .close(.normal, _): return [.piece(end), action]
            // Its user comes for a moment, and is not there.
            case .enter, .leave: return []
            default: return [action]
            }
        }
    }

    /// What stands at its end.
    private var end: [UInt8] {
        let comma = [UInt8(ascii: ",")]
        let list = errors.isEmpty ? [] : Array(",\"errors\":[".utf8) + errors.joined(separator: comma) + Array("]".utf8)
        return list + Array("}\n".utf8)
    }
}
