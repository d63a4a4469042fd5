internal import WSQueueCore

/// Reads the operator's rules: a JSON list of `{"channel":…,"subscribe":…,"publish":…}` and `{"default":…}` (SPEC §4,
/// rules).
package enum RuleFile {
    /// Reads all rules or none.
    ///
    /// - Parameter bytes: The whole file.
    /// - Throws: ``RuleFault`` with the line of what is wrong.
    package static func decode(_ bytes: Span<UInt8>) throws(RuleFault) -> RuleSet {
        var rules: [AccessRule] = []
        var fallback: [AccessCondition]?
        var connects: [ConnectRule] = []
        do throws(Refusal) {
            for element in try elements(of: bytes) {
                let (start, members) = try members(element, in: bytes)
                if let member = members["connect"] {
                    connects.append(try connectRule(member, members, start, in: bytes))
                } else if let member = members["default"] {
                    guard fallback == nil else { throw Refusal(reason: "\"default\" twice", offset: start) }
                    guard members.count == 1 else {
                        throw Refusal(reason: "\"default\" stands in a rule of its own", offset: start)
                    }
                    fallback = try conditions(member, start, nil, in: bytes)
                } else {
                    rules.append(try rule(members, start, in: bytes))
                }
            }
        } catch {
            throw RuleFault(line: line(of: error.offset, in: bytes), reason: error.reason)
        }
        return RuleSet(channels: rules, fallback: fallback, connects: connects)
    }

    private struct Refusal: Error {
        let reason: String
        let offset: Int
    }

    private static func elements(of bytes: Span<UInt8>) throws(Refusal) -> [JSONElement] {
        do throws(JSONFault) {
            try JSONScanner.validate(bytes)
            var start = 0
            while bytes[start] <= 0x20 { start += 1 }
            guard bytes[start] == UInt8(ascii: "[") else {
                throw JSONFault(reason: "expected a list of rules: [{\"channel\":…,\"subscribe\":…},…]", offset: start)
            }
            var reader = JSONArrayReader(start..<bytes.count)
            var elements: [JSONElement] = []
            while let element = try reader.next(in: bytes) { elements.append(element) }
            return elements
        } catch {
            throw Refusal(reason: error.reason, offset: error.offset)
        }
    }

    private static func members(
        _ element: JSONElement, in bytes: Span<UInt8>
    ) throws(Refusal) -> (start: Int, [String: JSONMember]) {
        let start = element.value.lowerBound
        guard element.kind == .object else {
            throw Refusal(reason: "expected a rule: {\"channel\":…,\"subscribe\":…,\"publish\":…}", offset: start)
        }
        return (start, try members(of: element.value, in: bytes))
    }

    private static func rule(
        _ members: [String: JSONMember], _ start: Int, in bytes: Span<UInt8>
    ) throws(Refusal) -> AccessRule {
        guard let channel = members["channel"] else {
            throw Refusal(reason: "a rule without \"channel\"", offset: start)
        }
        guard ["allow", "channels", "greeting"].allSatisfy({ members[$0] == nil }) else {
            throw Refusal(
                reason: "\"allow\", \"channels\" and \"greeting\" stand beside \"connect\"", offset: start)
        }
        guard ["subscribe", "publish", "patterns"].contains(where: { members[$0] != nil }) else {
            throw Refusal(reason: "a rule that says neither \"subscribe\" nor \"publish\"", offset: start)
        }
        let template = try template(channel, start, in: bytes)
        return AccessRule(
            template: template, subscribe: try conditions(members["subscribe"], start, template, in: bytes),
            publish: try conditions(members["publish"], start, template, in: bytes),
            opensPatterns: try opensPatterns(members["patterns"], start, in: bytes),
            isDurable: try isDurable(members, start, in: bytes))
    }

    private static func isDurable(
        _ members: [String: JSONMember], _ start: Int, in bytes: Span<UInt8>
    ) throws(Refusal) -> Bool {
        guard let member = members["durable"] else { return false }
        let place = start + member.value.lowerBound
        let text = [UInt8](bytes, in: place..<start + member.value.upperBound)
        guard member.kind == .boolean else {
            throw Refusal(reason: "\"durable\" is true or false", offset: place)
        }
        guard members["publish"] != nil else {
            throw Refusal(reason: "\"durable\" is about what clients send: it stands beside \"publish\"", offset: place)
        }
        return text.first == UInt8(ascii: "t")
    }

    private static let names = [
        "channel", "subscribe", "publish", "durable", "patterns", "default", "connect", "allow", "channels", "greeting",
    ]

    /// `{"connect":PATH,"allow":…,"channels":[…],"greeting":…}`.
    private static func connectRule(
        _ member: JSONMember, _ members: [String: JSONMember], _ start: Int, in bytes: Span<UInt8>
    ) throws(Refusal) -> ConnectRule {
        let place = start + member.value.lowerBound
        guard ["channel", "subscribe", "publish", "durable", "patterns", "default"].allSatisfy({ members[$0] == nil })
        else {
            throw Refusal(reason: "\"connect\" stands in a rule of its own", offset: place)
        }
        guard let text = text(member.kind, place..<start + member.value.upperBound, in: bytes),
            text.utf8.first == UInt8(ascii: "/")
        else { throw Refusal(reason: "\"connect\" is no path such as /notifications or /**", offset: place) }
        var template: ChannelTemplate?
        if text != "/**" {
            do throws(TemplateFault) {
                template = try ChannelTemplate(text, isPath: true)
            } catch {
                throw Refusal(
                    reason: "\"connect\" \(error.reason) (character \(error.offset + 1) of \"\(text)\")", offset: place)
            }
        }
        let allow = try conditions(members["allow"], start, template, in: bytes) ?? [.anyone]
        guard !allow.contains(.ask), !allow.contains(.claim) else {
            throw Refusal(reason: "ask and claim are about channels, not about who may connect", offset: place)
        }
        let greeting = members["greeting"].map { member in
            [UInt8](bytes, in: start + member.value.lowerBound..<start + member.value.upperBound)
        }
        return ConnectRule(
            path: template, allow: allow,
            channels: try channels(members["channels"], start, template?.names ?? [], in: bytes), greeting: greeting)
    }

    private static func channels(
        _ member: JSONMember?, _ start: Int, _ names: [String], in bytes: Span<UInt8>
    ) throws(Refusal) -> [CaptureText] {
        guard let member else { return [] }
        let fault = Refusal(
            reason: "\"channels\" is a list of channels, in { } only what the path has",
            offset: start + member.value.lowerBound)
        guard member.kind == .array else { throw fault }
        var channels: [CaptureText] = []
        var reader = JSONArrayReader(start + member.value.lowerBound..<start + member.value.upperBound)
        while let element = try? reader.next(in: bytes) {
            guard let text = text(element.kind, element.value, in: bytes),
                let channel = CaptureText(text, names: names),
                let sample = channel.filled(Dictionary(uniqueKeysWithValues: names.map { ($0, "x") })),
                ChannelPattern(sample) != nil
            else { throw fault }
            channels.append(channel)
        }
        return channels
    }

    private static func opensPatterns(
        _ member: JSONMember?, _ start: Int, in bytes: Span<UInt8>
    ) throws(Refusal) -> Bool {
        guard let member else { return false }
        let value = start + member.value.lowerBound..<start + member.value.upperBound
        guard text(member.kind, value, in: bytes) == "anyone" else {
            throw Refusal(
                reason: "\"patterns\" can only say \"anyone\"; without it they are for those with a token",
                offset: value.lowerBound)
        }
        return true
    }

    /// A rule's members; their places count from its start.
    private static func members(
        of value: Range<Int>, in bytes: Span<UInt8>
    ) throws(Refusal) -> [String: JSONMember] {
        let object = bytes.extracting(value)
        var reader = JSONObjectReader()
        var members: [String: JSONMember] = [:]
        do throws(JSONFault) {
            while let member = try reader.next(in: object) {
                let name = JSONString.text(member.name, in: object) ?? ""
                guard names.contains(name) else {
                    let known = names.map { "\"\($0)\"" }.joined(separator: ", ")
                    let reason = "a rule knows \(known), and not \"\(name)\""
                    throw JSONFault(reason: reason, offset: member.name.lowerBound)
                }
                guard members.updateValue(member, forKey: name) == nil else {
                    throw JSONFault(reason: "\"\(name)\" twice in a rule", offset: member.name.lowerBound)
                }
            }
        } catch {
            throw Refusal(reason: error.reason, offset: value.lowerBound + error.offset)
        }
        return members
    }

    private static func template(
        _ member: JSONMember, _ start: Int, in bytes: Span<UInt8>
    ) throws(Refusal) -> ChannelTemplate {
        let place = start + member.value.lowerBound
        guard let text = text(member.kind, place..<start + member.value.upperBound, in: bytes) else {
            throw Refusal(reason: "\"channel\" is \(member.kind.description); a string is wanted", offset: place)
        }
        if text.isEmpty { return .channelless }
        do throws(TemplateFault) {
            return try ChannelTemplate(text)
        } catch {
            throw Refusal(
                reason: "\"channel\" \(error.reason) (character \(error.offset + 1) of \"\(text)\")", offset: place)
        }
    }

    private static func conditions(
        _ member: JSONMember?, _ start: Int, _ template: ChannelTemplate?, in bytes: Span<UInt8>
    ) throws(Refusal) -> [AccessCondition]? {
        guard let member else { return nil }
        let value = start + member.value.lowerBound..<start + member.value.upperBound
        guard member.kind == .array else { return [try condition(member.kind, value, template, in: bytes)] }
        var conditions: [AccessCondition] = []
        var reader = JSONArrayReader(value)
        while let element = try? reader.next(in: bytes) {
            conditions.append(try condition(element.kind, element.value, template, in: bytes))
        }
        guard !conditions.isEmpty else {
            throw Refusal(reason: "an empty list lets nobody in; write \"none\"", offset: value.lowerBound)
        }
        return conditions
    }

    private static func condition(
        _ kind: JSONKind, _ value: Range<Int>, _ template: ChannelTemplate?, in bytes: Span<UInt8>
    ) throws(Refusal) -> AccessCondition {
        let wanted = "anyone, none, authenticated, user:ID, role:NAME, claim or ask"
        guard let text = text(kind, value, in: bytes) else {
            throw Refusal(
                reason: "a condition is \(kind.description); a string is wanted: \(wanted)", offset: value.lowerBound)
        }
        switch text {
        case "anyone": return .anyone
        case "none": return .none
        case "authenticated": return .authenticated
        case "claim": return .claim
        case "ask": return .ask
        default: break
        }
        for (prefix, make) in [("user:", AccessCondition.user), ("role:", AccessCondition.role)]
        where text.hasPrefix(prefix) {
            guard let filled = CaptureText(String(text.dropFirst(prefix.count)), names: template?.names ?? []) else {
                throw Refusal(
                    reason: "\"\(text)\" needs an id or a name behind the colon, and in { } only what the channel has",
                    offset: value.lowerBound)
            }
            return make(filled)
        }
        throw Refusal(reason: "no condition is \"\(text)\"; there are \(wanted)", offset: value.lowerBound)
    }

    private static func text(_ kind: JSONKind, _ value: Range<Int>, in bytes: Span<UInt8>) -> String? {
        kind == .string ? JSONString.text(JSONString.contents(of: value), in: bytes) : nil
    }

    private static func line(of offset: Int, in bytes: Span<UInt8>) -> Int {
        var line = 1
        for index in 0..<min(offset, bytes.count) where bytes[index] == 0x0A { line += 1 }
        return line
    }
}

/// Why rules cannot be read.
package struct RuleFault: Error, Equatable, Sendable, CustomStringConvertible {
    /// From 1.
    package let line: Int
    /// What is wrong and what is wanted.
    package let reason: String

    /// Makes a fault.
    package init(line: Int, reason: String) {
        self.line = line
        self.reason = reason
    }

    package var description: String { "line \(line): \(reason)" }
}
