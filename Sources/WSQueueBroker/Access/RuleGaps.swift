/// Finds channels that lie beside a rule's and that it lets everybody listen to: with `order.{id:\\d+}` guarded and no
/// more, `order.x1` is open, and an application that publishes there by mistake tells everybody.
package enum RuleGaps {
    /// A rule and a channel beside its own.
    package struct Gap: Equatable, Sendable {
        package let template: String
        package let channel: String
    }

    /// The gaps, one a rule at most.
    package static func all(in access: Access) -> [Gap] {
        access.rules.channels.compactMap { rule in
            guard let conditions = rule.subscribe, !conditions.contains(.anyone) else { return nil }
            let template = rule.template
            let open = stands.lazy.compactMap { name(of: template.text, with: $0) }.first { channel in
                template.captures(of: channel) == nil && access.verdict(.subscribe, channel, by: nil) == .allowed
            }
            return open.map { Gap(template: template.text, channel: $0) }
        }
    }

    /// What stands for a part that an expression narrows.
    private static let stands = ["x1", "x", "1", "1x", "X", "_", "x-1", "0"]

    /// A name made of a template; `nil` where no expression narrows any of its parts.
    private static func name(of template: String, with stand: String) -> String? {
        var name = ""
        var (depth, capture, isNarrowed) = (0, "", false)
        for character in template {
            switch character {
            case "{":
                if depth > 0 { capture.append(character) }
                depth += 1
            case "}":
                depth -= 1
                guard depth == 0 else {
                    capture.append(character)
                    continue
                }
                let isNarrow = capture.contains(":")
                isNarrowed = isNarrowed || isNarrow
                name += isNarrow ? stand : "x"
                capture = ""
            case _ where depth > 0: capture.append(character)
            case "[", "]": continue
            default: name.append(character)
            }
        }
        return isNarrowed ? name : nil
    }
}
