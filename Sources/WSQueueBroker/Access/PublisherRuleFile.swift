internal import WSQueueCore

/// Reads the operator's rules about publishers: a JSON list of `{"from":…,"event":…,"channel":…}`.
package struct PublisherRuleFile {
    /// Finds the number of a user, or group, by its name or number; `nil` where there is none.
    package typealias Lookup = (_ name: String) -> UInt32?

    private let user: Lookup
    private let group: Lookup
    private var doubts: [String] = []

    /// Reads all rules or none.
    ///
    /// - Parameter bytes: The whole file.
    /// - Throws: ``RuleFault`` with the line of what is wrong.
    package static func decode(
        _ bytes: Span<UInt8>, user: @escaping Lookup, group: @escaping Lookup
    ) throws(RuleFault) -> PublisherRules {
        var file = PublisherRuleFile(user: user, group: group)
        do throws(JSONFault) {
            let rules = try file.rules(in: bytes)
            return PublisherRules(rules, doubts: file.doubts)
        } catch {
            throw RuleFault(line: line(of: error.offset, in: bytes), reason: error.reason)
        }
    }

    private init(user: @escaping Lookup, group: @escaping Lookup) {
        self.user = user
        self.group = group
    }

    private static func line(of offset: Int, in bytes: Span<UInt8>) -> Int {
        var line = 1
        for index in 0..<min(offset, bytes.count) where bytes[index] == 0x0A { line += 1 }
        return line
    }

    private mutating func rules(in bytes: Span<UInt8>) throws(JSONFault) -> [PublisherRules.Rule] {
        try JSONScanner.validate(bytes)
        var start = 0
        while bytes[start] <= 0x20 { start += 1 }
        guard bytes[start] == UInt8(ascii: "[") else {
            throw JSONFault(
                reason: "expected a list of rules: [{\"from\":[\"www-data\"],\"event\":…,\"channel\":…},…]",
                offset: start)
        }
        var reader = JSONArrayReader(start..<bytes.count)
        var rules: [PublisherRules.Rule] = []
        while let element = try reader.next(in: bytes) {
            guard element.kind == .object else {
                throw JSONFault(
                    reason: "expected a rule: {\"from\":…,\"event\":…,\"channel\":…}", offset: element.value.lowerBound)
            }
            rules.append(try rule(element.value, in: bytes))
        }
        return rules
    }

    private mutating func rule(_ value: Range<Int>, in bytes: Span<UInt8>) throws(JSONFault) -> PublisherRules.Rule {
        let object = bytes.extracting(value)
        let line = Self.line(of: value.lowerBound, in: bytes)
        var reader = JSONObjectReader()
        var rule = PublisherRules.Rule()
        var seen: Set<String> = []
        do throws(JSONFault) {
            while let member = try reader.next(in: object) {
                let name = JSONString.text(member.name, in: object) ?? ""
                guard seen.insert(name).inserted else {
                    throw JSONFault(reason: "\"\(name)\" twice in a rule", offset: member.name.lowerBound)
                }
                try read(name, member, in: object, line: line, into: &rule)
            }
            guard seen.contains("from") else { throw JSONFault(reason: "a rule without \"from\"", offset: 0) }
        } catch {
            throw JSONFault(reason: error.reason, offset: value.lowerBound + error.offset)
        }
        return rule
    }

    private mutating func read(
        _ name: String, _ member: JSONMember, in object: Span<UInt8>, line: Int, into rule: inout PublisherRules.Rule
    ) throws(JSONFault) {
        let place = member.value.lowerBound
        switch name {
        case "from":
            for word in try Self.words(member, name, in: object) {
                guard let source = source(word, line: line) else {
                    throw JSONFault(
                        reason: "\"\(word)\" in \"from\" is no publisher; there are users (www-data, 33), @GROUP, "
                            + "http:LINE or http:* for tokens, client:USER or client:* for clients, and *",
                        offset: place)
                }
                rule.sources.append(source)
            }
        case "event":
            let words = try Self.words(member, name, in: object)
            guard !words.contains(where: { $0.isEmpty || $0.utf8.contains(UInt8(ascii: ",")) }),
                let filter = EventFilter(words.joined(separator: ","))
            else {
                throw JSONFault(
                    reason:
                        "\"event\" takes names of events, in which * is any characters, \(EventFilter.globLimit) at "
                        + "most",
                    offset: place)
            }
            rule.events = filter
        case "channel":
            let words = try Self.words(member, name, in: object)
            rule.isAboutChannelless = words.contains("")
            rule.channels = []
            for word in words where !word.isEmpty {
                guard let pattern = ChannelPattern(word) else {
                    throw JSONFault(
                        reason: "\"\(word)\" in \"channel\" is no channel; * stands for a whole part between dots, a "
                            + "last ** for any number of them, and \"\" for no channel",
                        offset: place)
                }
                rule.channels?.append(pattern)
            }
        default:
            throw JSONFault(
                reason: "a rule knows \"from\", \"event\" and \"channel\", and not \"\(name)\"",
                offset: member.name.lowerBound)
        }
    }

    /// Whom a word means; `nil` where it can mean no one.
    private mutating func source(_ word: String, line: Int) -> PublisherRules.Source? {
        if word == "*" { return .everyone }
        if word.utf8.first == UInt8(ascii: "@") {
            let name = String(word.dropFirst())
            guard !name.isEmpty else { return nil }
            if let number = group(name) { return .group(number) }
            doubts.append("line \(line): no group is called \"\(name)\", so nobody is in it")
            return .nobody
        }
        guard let colon = word.utf8.firstIndex(of: UInt8(ascii: ":")) else {
            guard !word.isEmpty else { return nil }
            if let number = user(word) { return .user(number) }
            doubts.append("line \(line): no user is called \"\(word)\"")
            return .nobody
        }
        let (kind, rest) = (word[...colon], word[word.utf8.index(after: colon)...])
        guard !rest.isEmpty, kind == "http:" || kind == "client:" else { return nil }
        if rest == "*" { return .kind(String(kind)) }
        // A name with a zero in front would be none that the server gives.
        guard kind == "client:" || UInt32(rest).map({ $0 > 0 && String($0) == rest }) == true else { return nil }
        return .named(word)
    }

    /// A string, or a list of strings.
    private static func words(
        _ member: JSONMember, _ name: String, in object: Span<UInt8>
    ) throws(JSONFault) -> [String] {
        guard member.kind == .array else { return [try word(member.kind, member.value, name, in: object)] }
        var words: [String] = []
        var reader = JSONArrayReader(member.value)
        while let element = try reader.next(in: object) {
            words.append(try word(element.kind, element.value, name, in: object))
        }
        guard !words.isEmpty else {
            throw JSONFault(
                reason: "an empty list in \"\(name)\" permits nothing; leave the rule out",
                offset: member.value.lowerBound)
        }
        return words
    }

    private static func word(
        _ kind: JSONKind, _ value: Range<Int>, _ name: String, in object: Span<UInt8>
    ) throws(JSONFault) -> String {
        guard kind == .string, let text = JSONString.text(JSONString.contents(of: value), in: object) else {
            throw JSONFault(reason: "\"\(name)\" takes a string or a list of strings", offset: value.lowerBound)
        }
        return text
    }
}
