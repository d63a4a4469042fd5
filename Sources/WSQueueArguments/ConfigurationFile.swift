/// What a configuration file and `--set` are made of: keys with values.
package struct ConfigurationEntry: Equatable, Sendable {
    /// The name of an option, without dashes.
    package let key: String
    /// What it is given.
    package let value: String
    /// Where it stands.
    package let origin: Origin

    /// Reads what follows `--set`: `key=value`.
    package static func parse(setting: String) throws(ArgumentFault) -> ConfigurationEntry {
        guard let (key, value) = keyAndValue(setting) else {
            throw .badEntry(place: "--set", "'\(setting)' is not KEY=VALUE")
        }
        return ConfigurationEntry(key: key, value: value, origin: .setting(key: key))
    }

    /// Takes a text apart at its first `=`; blanks around the two parts do not count.
    fileprivate static func keyAndValue(_ text: some StringProtocol) -> (key: String, value: String)? {
        guard let sign = text.utf8.firstIndex(of: UInt8(ascii: "=")) else { return nil }
        let key = trimmed(text[..<sign])
        guard !key.isEmpty else { return nil }
        return (key, trimmed(text[text.utf8.index(after: sign)...]))
    }

    fileprivate static func trimmed(_ text: some StringProtocol) -> String {
        let isBlank: (UInt8) -> Bool = { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
        var bytes = Array(text.utf8)[...]
        while let first = bytes.first, isBlank(first) { bytes.removeFirst() }
        while let last = bytes.last, isBlank(last) { bytes.removeLast() }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// A configuration file: a key and a value a line.
///
/// ```
/// # A comment
/// listen = 127.0.0.1:8081
/// listen = [::1]:8081        # a key that may be given several times
/// log-file = "/var/log/a name with a #.log"
/// ```
///
/// A `#` begins a comment at the front of a line or after a blank; a value that has such a `#`, or blanks at its ends,
/// stands between double quotes. There are no escapes.
package enum ConfigurationFile {
    /// The largest file that is read, bytes.
    package static let limitBytes = 1_048_576

    /// Takes a file apart.
    ///
    /// - Parameter path: For messages.
    /// - Throws: ``ArgumentFault`` with the line.
    package static func parse(_ bytes: [UInt8], path: String) throws(ArgumentFault) -> [ConfigurationEntry] {
        var entries: [ConfigurationEntry] = []
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() {
            let place = "\(path):\(index + 1)"
            let ended = line.last == UInt8(ascii: "\r") ? line.dropLast() : line
            guard let text = String(validating: ended, as: UTF8.self) else {
                throw .badEntry(place: place, "not UTF-8")
            }
            guard !text.utf8.contains(where: { $0 < 0x20 && $0 != UInt8(ascii: "\t") }) else {
                throw .badEntry(place: place, "a control character")
            }
            guard let (key, value) = try keyAndValue(text, place) else { continue }
            entries.append(
                ConfigurationEntry(key: key, value: value, origin: .file(path: path, line: index + 1, key: key)))
        }
        return entries
    }

    private static func keyAndValue(
        _ text: String, _ place: String
    ) throws(ArgumentFault) -> (key: String, value: String)? {
        let content = ConfigurationEntry.trimmed(text)
        guard !content.isEmpty, content.utf8.first != UInt8(ascii: "#") else { return nil }
        guard let (key, rest) = ConfigurationEntry.keyAndValue(content) else {
            throw .badEntry(place: place, "'\(withoutComment(content))' is not 'key = value'")
        }
        guard rest.utf8.first == UInt8(ascii: "\"") else { return (key, withoutComment(rest)) }
        let inner = rest.utf8.dropFirst()
        guard let end = inner.firstIndex(of: UInt8(ascii: "\"")) else {
            throw .badEntry(place: place, "\(key): the quotation mark at the end is missing")
        }
        let behind = withoutComment(String(rest[rest.utf8.index(after: end)...]))
        guard behind.isEmpty else {
            throw .badEntry(place: place, "\(key): '\(behind)' stands behind the quotation mark")
        }
        return (key, String(rest[inner.startIndex..<end]))
    }

    private static func withoutComment(_ text: String) -> String {
        var isBehindBlank = true
        for index in text.utf8.indices {
            let byte = text.utf8[index]
            if byte == UInt8(ascii: "#"), isBehindBlank { return ConfigurationEntry.trimmed(text[..<index]) }
            isBehindBlank = byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t")
        }
        return ConfigurationEntry.trimmed(text)
    }
}

extension ParsedArguments {
    /// Takes up what a configuration file or `--set` says.
    ///
    /// - Parameters:
    ///   - keys: The options that may stand there.
    ///   - options: Those of the command: others are looked at and not taken up.
    /// - Throws: ``ArgumentFault`` for a key that is none of them, one without a value, and one that stands twice in a file
    ///   though it may be given only once.
    package mutating func add(
        _ entries: [ConfigurationEntry], keys: [Option], for options: [Option]
    ) throws(ArgumentFault) {
        var found: [Occurrence] = []
        var lines: [String: String] = [:]
        for entry in entries {
            guard let option = keys.first(where: { $0.name == entry.key }) else {
                let nearest = NearestName.of(entry.key.lowercasedASCII, among: keys.map { $0.name })
                throw .unknownKey(entry.origin, nearest: nearest)
            }
            guard !entry.value.isEmpty else {
                throw .badEntry(place: entry.origin.place, "\(entry.key) has no value; leave it out for its default")
            }
            if case .file = entry.origin, !option.isRepeatable,
                let first = lines.updateValue(entry.origin.place, forKey: option.alias ?? option.name)
            {
                throw .badEntry(place: entry.origin.place, "\(entry.key) was given in \(first)")
            }
            let occurrence = try Occurrence(option, value: entry.value, origin: entry.origin)
            if options.contains(where: { $0.isSame(as: option) || $0.name == option.alias }) {
                found.append(occurrence)
            }
        }
        add(found)
    }
}

extension Option {
    /// Whether two commands mean the same by it, though they may tell it in other words: it has the same variable too.
    fileprivate func isSame(as other: Option) -> Bool { name == other.name && environment == other.environment }
}
