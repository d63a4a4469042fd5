package import WSQueueArguments

/// One key of the configuration: its option, and what a value of it does. Parsing, help, the manual page, completions and
/// `check` are made of it, and every value is looked at here, wherever it was given.
package struct Setting: Sendable {
    /// Looks at one value and takes it.
    typealias Apply = @Sendable (String, inout ServerSettings) throws(ValueFault) -> Void

    /// The option that gives it.
    package let option: Option
    let apply: Apply

    /// Describes a key.
    init(_ option: Option, _ apply: @escaping Apply) {
        self.option = option
        self.apply = apply
    }

    /// All keys, in the order of help.
    static let all = queue + listening + access + limits + journal + redis + log
    /// Their options.
    package static let options = all.map(\.option)
}

/// A place in the settings.
typealias Place<Value> = WritableKeyPath<ServerSettings, Value> & Sendable

extension Setting {
    /// A text, taken as it is.
    static func text(
        _ option: Option, _ place: any Place<String>
    ) -> Setting {
        Setting(option) { (text, settings) throws(ValueFault) in settings[keyPath: place] = text }
    }

    /// A text that may be missing.
    static func text(_ option: Option, _ place: any Place<String?>) -> Setting {
        Setting(option) { (text, settings) throws(ValueFault) in settings[keyPath: place] = text }
    }

    /// Yes or no, of an option that is there or not.
    static func flag(_ option: Option, _ place: any Place<Bool>) -> Setting {
        Setting(option) { (text, settings) throws(ValueFault) in settings[keyPath: place] = text == "yes" }
    }

    /// One of a few words.
    ///
    /// - Parameter synonyms: What other programs call them.
    static func choice<Value>(
        _ key: String, _ choices: KeyValuePairs<String, Value>, _ place: any Place<Value>,
        synonyms: [String: String] = [:], default word: String, text: String
    ) -> Setting where Value: Sendable {
        let values = Array(choices)
        let option = Option(
            key: key, value: values.map(\.key).joined(separator: "|"), defaultValue: .value(word), text: text)
        return Setting(option) { (text, settings) throws(ValueFault) in
            guard let choice = values.first(where: { $0.key == synonyms[text] ?? text }) else {
                throw ValueFault(text, wanted: "one of " + values.map(\.key).joined(separator: ", "))
            }
            settings[keyPath: place] = choice.value
        }
    }

    /// A whole number.
    static func integer(_ option: Option, in range: ClosedRange<Int64>, _ place: any Place<Int>) -> Setting {
        Setting(option) { (text, settings) throws(ValueFault) in
            settings[keyPath: place] = Int(try Quantity.parseInteger(text, in: range))
        }
    }

    /// A size.
    static func bytes(
        _ key: String, from least: Int = 1, _ place: any Place<Int>, default size: String, text: String
    ) -> Setting {
        Setting(Option(key: key, value: "SIZE", defaultValue: .value(size), text: text)) {
            (text, settings) throws(ValueFault) in
            let bytes = try Quantity.parseBytes(text)
            guard (least...largestBytes).contains(bytes) else {
                throw ValueFault(text, wanted: "a size from \(least) to 1G")
            }
            settings[keyPath: place] = bytes
        }
    }

    private static let largestBytes = 1 << 30

    /// A time of at most a day, in milliseconds.
    static func milliseconds(
        _ key: String, from least: Int, _ place: any Place<Int>, default time: String, text: String
    ) -> Setting {
        Setting(Option(key: key, value: "DUR", defaultValue: .value(time), text: text)) {
            (text, settings) throws(ValueFault) in
            settings[keyPath: place] = try milliseconds(text, from: least)
        }
    }

    /// The same, in nanoseconds.
    static func nanoseconds(
        _ key: String, fromMilliseconds least: Int, _ place: any Place<Int64>, default time: String, text: String
    ) -> Setting {
        Setting(Option(key: key, value: "DUR", defaultValue: .value(time), text: text)) {
            (text, settings) throws(ValueFault) in
            settings[keyPath: place] = Int64(try milliseconds(text, from: least)) * 1_000_000
        }
    }

    private static func milliseconds(_ text: String, from least: Int) throws(ValueFault) -> Int {
        let (seconds, attoseconds) = try Quantity.parseDuration(text).components
        let milliseconds = seconds * 1_000 + attoseconds / 1_000_000_000_000_000
        guard milliseconds >= Int64(least), milliseconds <= 86_400_000 else {
            throw ValueFault(text, wanted: "a time from \(least)ms to 24h")
        }
        return Int(milliseconds)
    }
}
