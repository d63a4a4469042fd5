internal import WSQueueCore

extension ServerMessage {
    /// What a client must know of the server's own messages though it gets nothing but payloads.
    package enum Aside: Equatable {
        /// Something is lost to it; why.
        case gap(reason: String)
        /// It was refused something; what, and why.
        case error(String)

        /// Looks at a message; `nil` for all others.
        package init?(_ message: Span<UInt8>) {
            guard let members = try? JSONMembers(message, named: ["action", "gap", "error", "channel"]) else {
                return nil
            }
            func text(_ name: String) -> String? {
                guard let member = members.present(name), member.kind == .string else { return nil }
                return JSONString.text(JSONString.contents(of: member.value), in: message)
            }
            switch text("action") {
            case "error": self = .error((text("error") ?? "") + (text("channel").map { " (\($0))" } ?? ""))
            case "resumed":
                guard let gap = members.present("gap"), gap.kind == .object else { return nil }
                let inner = message.extracting(gap.value)
                let reason = (try? JSONMembers(inner, named: ["reason"]))?.present("reason")
                let word = reason.flatMap { JSONString.text(JSONString.contents(of: $0.value), in: inner) }
                self = .gap(reason: word ?? "")
            default: return nil
            }
        }
    }

    /// Tells a reader of lines where it stands.
    package static func position(_ cursor: String) -> [UInt8] { JSONObjectOutput("cursor", cursor).finished() }
}
